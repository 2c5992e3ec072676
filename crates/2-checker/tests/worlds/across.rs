//! Messages, monitors and links between two worlds, and the loss of one.

use checker::cluster::Cluster;
use checker::explore::Scene;
use kernel::{Intensity, Name, NoStateMachine, Node, Pid, Reason, Strategy, World};

use crate::peer::{Message, Peer};

/// Two worlds with a peer in each, and their addresses.
fn two() -> (Cluster<Peer>, Pid, Pid) {
    std::panic::set_hook(Box::new(|_| {})); // deaths are planned here
    let mut worlds = [0, 1].map(|n| World::<Peer>::new(NoStateMachine, None, ()).numbered(n));
    let [here, there] = [0, 1].map(|n: usize| worlds[n].spawn(Peer::default()));
    let mut cluster = Cluster::new(worlds.map(Scene::new));
    cluster.run();
    (cluster, here, there)
}

fn tell(cluster: &mut Cluster<Peer>, to: Pid, say: Message) {
    cluster.world_mut(to.world()).expect("it is not lost").send(to, say);
    cluster.run();
}

fn peer(cluster: &Cluster<Peer>, pid: Pid) -> Peer {
    cluster.world(pid.world()).and_then(|world| world.process(pid)).cloned().unwrap_or_default()
}

fn is_alive(cluster: &Cluster<Peer>, pid: Pid) -> bool {
    cluster.world(pid.world()).is_some_and(|world| world.is_alive(pid))
}

#[test]
fn an_address_names_its_world_and_messages_arrive_in_order() {
    let (mut cluster, here, there) = two();
    assert_eq!((here.world(), there.world()), (0, 1));
    tell(&mut cluster, here, Message::Count(there, 100));
    assert_eq!(peer(&cluster, there).numbers, (1..=100).collect::<Vec<_>>());
    tell(&mut cluster, here, Message::Serve(there, 9));
    assert_eq!(peer(&cluster, here).numbers, [8, 6, 4, 2, 0]);
}

#[test]
fn a_monitor_across_tells_of_the_end_with_its_reason_and_once() {
    let (mut cluster, here, there) = two();
    tell(&mut cluster, here, Message::Watch(there));
    tell(&mut cluster, there, Message::Count(here, 3));
    tell(&mut cluster, there, Message::Fail);
    let told = peer(&cluster, here);
    assert_eq!(told.numbers, [1, 2, 3]);
    assert_eq!(told.ends, [(there, Reason::Failed("planned".into()))]);
    tell(&mut cluster, here, Message::Watch(there));
    assert_eq!(peer(&cluster, here).ends[1..], [(there, Reason::NoProcess)]);
}

#[test]
fn a_monitor_that_was_taken_away_tells_nothing_even_if_its_word_is_on_its_way() {
    let (mut cluster, here, there) = two();
    tell(&mut cluster, here, Message::Watch(there));
    tell(&mut cluster, here, Message::Unwatch);
    tell(&mut cluster, there, Message::Fail);
    assert_eq!(peer(&cluster, here).ends, []);

    let (mut cluster, here, there) = two();
    tell(&mut cluster, here, Message::Watch(there));
    cluster.world_mut(1).unwrap().kill(there);
    cluster.world_mut(0).unwrap().send(here, Message::Unwatch);
    cluster.world_mut(0).unwrap().run();
    cluster.run();
    assert_eq!(peer(&cluster, here).ends, []);
}

#[test]
fn a_link_across_ends_both_and_a_trapped_one_tells() {
    for (linker, dies) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let (mut cluster, here, there) = two();
        let pair = [here, there];
        tell(&mut cluster, pair[linker], Message::Link(pair[1 - linker]));
        tell(&mut cluster, pair[dies], Message::Fail);
        assert!(!is_alive(&cluster, here) && !is_alive(&cluster, there), "{linker} {dies}");

        let (mut cluster, here, there) = two();
        let pair = [here, there];
        tell(&mut cluster, pair[1 - dies], Message::Trap);
        tell(&mut cluster, pair[linker], Message::Link(pair[1 - linker]));
        tell(&mut cluster, pair[dies], Message::Fail);
        let told = peer(&cluster, pair[1 - dies]).ends;
        assert_eq!(told, [(pair[dies], Reason::Failed("planned".into()))], "{linker} {dies}");
    }
}

#[test]
fn a_link_to_who_is_gone_is_an_exit_and_one_that_was_taken_away_is_none() {
    let (mut cluster, here, there) = two();
    tell(&mut cluster, here, Message::Trap);
    tell(&mut cluster, here, Message::Link(there));
    tell(&mut cluster, here, Message::Unlink(there));
    tell(&mut cluster, there, Message::Fail);
    assert_eq!(peer(&cluster, here).ends, []);
    tell(&mut cluster, here, Message::Link(there));
    assert_eq!(peer(&cluster, here).ends, [(there, Reason::NoProcess)]);
}

#[test]
fn the_loss_of_a_world_is_a_down_to_those_who_watch_and_an_exit_to_those_who_are_linked() {
    let (mut cluster, here, there) = two();
    tell(&mut cluster, here, Message::Trap);
    tell(&mut cluster, here, Message::Link(there));
    tell(&mut cluster, here, Message::Watch(there));
    cluster.lose(1);
    cluster.run();
    let told = peer(&cluster, here).ends;
    assert_eq!(told, [(there, Reason::NoConnection), (there, Reason::NoConnection)]);
    tell(&mut cluster, here, Message::Count(there, 3)); // no such process
    assert!(cluster.is_quiet());
}

#[test]
fn a_name_in_another_world_is_that_of_its_bearer_then() {
    std::panic::set_hook(Box::new(|_| {}));
    let name = Name(3);
    let mut worlds = [0, 1].map(|n| World::<Peer>::new(NoStateMachine, None, ()).numbered(n));
    let node = Node::one("peer", ()).named(name);
    let group = Node::group("all", Strategy::OneForOne, Intensity::times(3), vec![node]);
    worlds[1].grow(None, group);
    worlds[0].know(name, 1);
    let here = worlds[0].spawn(Peer::default());
    let mut cluster = Cluster::new(worlds.map(Scene::new));
    let called = Pid::named(1, name);
    tell(&mut cluster, here, Message::Watch(called));
    tell(&mut cluster, here, Message::Count(called, 2));
    let bearer = cluster.world(1).unwrap().whereis(name).unwrap();
    assert_eq!(peer(&cluster, bearer).numbers, [1, 2]);
    tell(&mut cluster, bearer, Message::Fail);
    let [(who, _)] = &peer(&cluster, here).ends[..] else { panic!("one end") };
    assert_eq!(*who, called);
    tell(&mut cluster, here, Message::Count(called, 1));
    let next = cluster.world(1).unwrap().whereis(name).unwrap();
    assert!(next != bearer && peer(&cluster, next).numbers == [1]);
    assert!(!cluster.world_mut(0).unwrap().send_to(Name(9), Message::Fail));
}
