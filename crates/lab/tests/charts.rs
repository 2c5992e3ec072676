//! Every chart matches a run.

use std::path::Path;

use lab::chart::{Chart, Picture, bless, compare, files};

fn charts() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts"))
}

#[test]
fn every_chart_says_what_happens() {
    if std::env::var_os("BLESS").is_some() {
        for file in bless(charts()).unwrap() {
            println!("rewritten: {}", file.display());
        }
    }
    let mut wrong = String::new();
    let mut charts_read = 0;
    for file in files(charts()).unwrap() {
        charts_read += 1;
        if let Err(difference) = compare(&file).unwrap() {
            wrong += &format!("{difference}\n");
        }
    }
    assert!(charts_read >= 20, "only {charts_read} charts were found");
    assert!(wrong.is_empty(), "rewrite them with `cargo xtask bless` and review:\n{wrong}");
}

#[test]
fn a_chart_that_says_otherwise_is_told_line_by_line() {
    let dir = std::env::temp_dir().join(format!("buttonwood-charts-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("wrong.chart");
    let text = "a lone buyer waits\ngiven\n  ann buys 4 @ 100\nthen only entered\n  \
                ann => log  entered buy 5 @ 100\nleaves\n  ann  open 4  held 0  filled 0\n";
    std::fs::write(&file, text).unwrap();
    let difference = compare(&file).unwrap().unwrap_err();
    assert!(difference.text.contains("-   ann => log  entered buy 5 @ 100\n"), "{difference}");
    assert!(difference.text.contains("+   ann => log  entered buy 4 @ 100\n"), "{difference}");
    assert_eq!(bless(&dir).unwrap(), std::slice::from_ref(&file));
    assert!(compare(&file).unwrap().is_ok());
    assert_eq!(bless(&dir).unwrap(), [] as [std::path::PathBuf; 0]);
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_chart_that_cannot_be_read_or_played_says_where_and_why() {
    let why = |given: &str| {
        let chart = Chart::parse(&format!("a claim\ngiven\n{given}then\nleaves\n"));
        chart.and_then(|chart| chart.play()).map(drop).unwrap_err().to_string()
    };
    assert!(why("").contains("needs lines under `given`"));
    assert!(why("  ann sings\n").starts_with("line 3: cannot read `ann sings`"));
    assert!(why("  ann buys 4 @ 1 after\n").starts_with("line 3: a position is"));
    assert!(why("  ann buys 4 @ 1\n  kill bob\n").starts_with("line 4: bob is not alive"));
    let never = why("  ann buys 4 @ 1\n  kill ann after propose\n");
    assert!(never.starts_with("line 4: it never comes to 1 propose"), "{never}");
    assert!(Chart::parse("a claim\nwhat\n").unwrap_err().to_string().starts_with("line 2"));
}

#[test]
fn a_chart_is_drawn_as_mermaid_and_as_svg() {
    let text = std::fs::read_to_string(charts().join("the-acceptance-is-lost.chart")).unwrap();
    let chart = Chart::parse(&text).unwrap();
    let rows = chart.play().unwrap().rows;
    let diagram = Picture::of(&chart.title, &rows).mermaid();
    assert!(diagram.contains("sequenceDiagram\n  participant p0 as bob\n"), "{diagram}");
    assert!(diagram.contains("p1-xp0: accept d1 4\n"), "{diagram}");
    assert!(diagram.contains("Note over p0,p3: x bob dies\n"), "{diagram}");
    let picture = Picture::of("a < b", &rows).svg();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    assert!(picture.contains(">a &lt; b<"));
    let arrows = rows.iter().filter(|row| !matches!(row, lab::chart::Row::Note(_))).count();
    assert_eq!(picture.matches("<path ").count(), arrows);
}
