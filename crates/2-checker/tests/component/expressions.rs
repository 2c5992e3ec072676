//! What an expression takes, and which ones are refused.

use checker::component::Expected::{self, InAnyOrder, Nothing, One, OneOf, Repeatedly};

type Chars = Expected<char>;

fn takes(expected: &Chars, text: &str) -> bool {
    expected.takes(&text.chars().collect::<Vec<_>>()).is_ok()
}

/// Every text of up to `length` characters of `abc`.
fn texts(length: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut from = 0;
    for _ in 0..length {
        let until = texts.len();
        for at in from..until {
            texts.extend(['a', 'b', 'c'].map(|signal| format!("{}{signal}", texts[at])));
        }
        from = until;
    }
    texts
}

fn allowed(expected: &Chars) -> Vec<String> {
    expected.unambiguous().expect("it can be read in one way");
    let mut texts = texts(4);
    texts.retain(|text| takes(expected, text));
    texts
}

#[test]
fn in_sequence_is_one_order_and_in_any_order_is_each() {
    assert_eq!(allowed(&Nothing), [""]);
    assert_eq!(allowed(&Expected::seq(['a', 'b', 'c'])), ["abc"]);
    assert_eq!(
        allowed(&Expected::all(['a', 'b', 'c'])),
        ["abc", "acb", "bac", "bca", "cab", "cba"]
    );
    let sequences = Expected::seq(['a', 'b']).and(One('c'));
    assert_eq!(allowed(&sequences), ["abc", "acb", "cab"]);
}

#[test]
fn perhaps_is_once_or_not_and_repeatedly_any_number_of_times() {
    assert_eq!(allowed(&One('a').perhaps().then(One('b'))), ["b", "ab"]);
    let many = Repeatedly(Box::new(Expected::seq(['a', 'b']))).then(One('c'));
    assert_eq!(allowed(&many), ["c", "abc"]);
    assert_eq!(allowed(&OneOf(vec![One('a'), Expected::seq(['b', 'c'])])), ["a", "bc"]);
}

#[test]
fn what_is_the_same_whichever_is_meant_is_not_ambiguous() {
    assert_eq!(allowed(&Expected::all(['a', 'a', 'b'])), ["aab", "aba", "baa"]);
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    let ambiguous = [
        OneOf(vec![Expected::seq(['a', 'b']), Expected::seq(['a', 'c'])]),
        One('a').perhaps().then(One('a')),
        One('a').and(Expected::seq(['a', 'b'])),
        Repeatedly(Box::new(One('a'))).then(Expected::seq(['a', 'b'])),
        // Only after the b does it come out.
        One('b').then(InAnyOrder(vec![Expected::seq(['a', 'c']), Expected::seq(['a', 'b'])])),
    ];
    for expected in ambiguous {
        let refused = expected.unambiguous().unwrap_err();
        assert!(refused.0.contains("'a'"), "{expected:?}: {refused}");
    }
}

#[test]
fn what_two_expressions_both_allow_is_found() {
    let one = One('a').then(One('b').perhaps());
    let two = OneOf(vec![Expected::seq(['a', 'b']), One('c')]);
    assert_eq!(one.both_allow(&two).unwrap(), Some(vec!['a', 'b']));
    assert_eq!(one.both_allow(&One('b')).unwrap(), None);
    assert_eq!(Nothing.both_allow(&One('b').perhaps()).unwrap(), Some(vec![]));
}

#[test]
fn a_parting_says_what_was_right_and_what_should_have_come() {
    let expected = Expected::seq(['a', 'b']).then(One('c').perhaps());
    let parting = expected.takes(&['a', 'c']).unwrap_err();
    assert_eq!((parting.right, parting.expected, parting.may_stop), (1, vec!['b'], false));
    let parting = expected.takes(&['a', 'b', 'b']).unwrap_err();
    assert_eq!((parting.right, parting.expected, parting.may_stop), (2, vec!['c'], true));
    assert_eq!(expected.takes(&[]).unwrap_err().expected, ['a']);
}
