//! Rules about the language of the product: comments, string literals and pages use the field's words, and
//! never a word that has another meaning for a trader or a riddle for anybody. It checks no identifiers.

use super::{Complaint, File};

/// A word or phrase that does not go in.
struct Banned {
    /// Lower-case words, one after the other.
    phrase: &'static [&'static str],
    instead: &'static str,
    reason: &'static str,
}

const fn banned(
    phrase: &'static [&'static str],
    instead: &'static str,
    reason: &'static str,
) -> Banned {
    Banned { phrase, instead, reason }
}

const NO_PERSON: &str = "processes and programs are not persons";

const OLD_NAME: &str = "tables of names before and after";

const BANNED: &[Banned] = &[
    banned(&["newcomer"], "incoming order", "the field says incoming order, or taker"),
    banned(&["newcomers"], "incoming orders", "the field says incoming order, or taker"),
    banned(&["letter"], "signal", "processes exchange messages; the kernel delivers signals"),
    banned(&["letters"], "signals", "processes exchange messages; the kernel delivers signals"),
    banned(&["clerk"], "ledger process", "charts and code say ledger"),
    banned(&["clerks"], "ledger processes", "charts and code say ledger"),
    banned(&["keeper"], "state machine", "the log's state machine has that name everywhere"),
    banned(&["keepers"], "state machines", "the log's state machine has that name everywhere"),
    banned(&["gate"], "gateway", "exchanges have gateways"),
    banned(&["gates"], "gateways", "exchanges have gateways"),
    banned(&["house"], "server", "a house is a brokerage firm to a trader"),
    banned(&["houses"], "servers", "a house is a brokerage firm to a trader"),
    banned(&["room"], "space", "a disk has free space, a buffer has capacity"),
    banned(&["rooms"], "modules", "code has modules"),
    banned(&["borne"], "allowed", "supervisors allow restarts"),
    banned(&["mortal"], "killable", "the table of words says so"),
    banned(&["mortals"], "killable processes", "the table of words says so"),
    banned(&["doom"], "pending crash", "the table of words says so"),
    banned(&["doomed"], "about to crash", "the table of words says so"),
    banned(&["is", "told"], "receives, or is acknowledged", "name the message or the answer"),
    banned(&["so", "many"], "a number of, or N", "a riddle: name the number"),
    banned(&["nobody"], "no process, no client", NO_PERSON),
    banned(&["somebody"], "a process, a client", NO_PERSON),
    banned(&["anybody"], "any process, any client", NO_PERSON),
    banned(&["everybody"], "every process, every client", NO_PERSON),
    banned(&["whoever"], "the process that, the client that", NO_PERSON),
    banned(&["there", "and", "back"], "round trip", "the field measures round trips"),
    banned(&["what", "is", "none"], "an invalid one", "a riddle: say what is wrong with it"),
];

/// Where a banned word is right: path, word, reason.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("crates/8-buttonwood/src/facts/row.rs", "letters", "characters of ASCII"),
    ("xtask/src/tidy/words.rs", "", "the list itself, and its tests"),
    ("CHANGELOG.md", "ask", OLD_NAME),
    ("CHANGELOG.md", "clerk", OLD_NAME),
    ("CHANGELOG.md", "gate", OLD_NAME),
    ("CHANGELOG.md", "gates", OLD_NAME),
    ("CHANGELOG.md", "keeper", OLD_NAME),
    ("CHANGELOG.md", "letter", OLD_NAME),
    ("CHANGELOG.md", "newcomer", OLD_NAME),
    ("docs/decisions/0032-the-fields-language.md", "clerk", OLD_NAME),
    ("docs/decisions/0032-the-fields-language.md", "gates", OLD_NAME),
    ("docs/decisions/0032-the-fields-language.md", "keeper", OLD_NAME),
    ("docs/decisions/0032-the-fields-language.md", "letter", OLD_NAME),
];

/// Words before `ask` that make it a noun, and so a command. Those that may stand before a verb are not here:
/// *a process that asks*, *each asks its neighbours*.
const BEFORE_ASK: &[&str] =
    &["a", "an", "another", "each", "every", "no", "the", "last", "our", "its", "their", "per"];

/// The same for `asks`.
const BEFORE_ASKS: &[&str] = &["the", "our", "its", "their", "no", "of", "more", "many", "few"];

/// Words in a line whose asks are the sell side.
const SELL_SIDE: &[&str] =
    &["best", "bid", "bids", "book", "books", "level", "levels", "side", "sides", "spread"];

/// Words before `tell` that make it a noun, and so a response.
const BEFORE_TELL: &[&str] = &["a", "the", "each", "every", "no", "its"];

/// Checks one file.
pub(crate) fn check(file: &File, complaints: &mut Vec<Complaint>) {
    let File { path, text } = file;
    let lines = if file.has_extension("rs") {
        rust_text(text)
    } else if file.has_extension("md") {
        text.lines().map(without_paths).collect()
    } else if file.has_extension("toml") {
        text.lines().map(|line| line.split_once('#').map_or("", |(_, it)| it).to_owned()).collect()
    } else {
        return;
    };
    for (number, line) in (1..).zip(lines) {
        let words = words(&line);
        for (word, instead, reason) in found(&line, &words) {
            let is_allowed = |(at, allowed, _): &(&str, &str, &str)| {
                at == path && (allowed.is_empty() || *allowed == word)
            };
            if !ALLOWED.iter().any(is_allowed) {
                let what = format!("`{word}`: write {instead} ({reason})");
                complaints.push(Complaint::new(path, number, what));
            }
        }
    }
}

/// A word in lower case, and where it begins and ends in its line.
struct Word {
    text: String,
    start: usize,
    end: usize,
}

/// Runs of letters and digits; everything else, an underscore too, is between words.
fn words(line: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (at, c) in line.char_indices() {
        if !c.is_ascii_alphanumeric() {
            continue;
        }
        match words.last_mut() {
            Some(word) if word.end == at => {
                word.text.push(c.to_ascii_lowercase());
                word.end = at + 1;
            }
            _ => words.push(Word {
                text: c.to_ascii_lowercase().to_string(),
                start: at,
                end: at + 1,
            }),
        }
    }
    words
}

/// Every banned word of a line, with what to write instead and why.
fn found(line: &str, words: &[Word]) -> Vec<(String, &'static str, &'static str)> {
    let mut found = Vec::new();
    let is_sell_side = words.iter().any(|word| SELL_SIDE.contains(&word.text.as_str()));
    for (at, word) in words.iter().enumerate() {
        for Banned { phrase, instead, reason } in BANNED {
            let here = words[at..].iter().map(|word| word.text.as_str()).take(phrase.len());
            if here.eq(phrase.iter().copied()) {
                found.push((phrase.join(" "), *instead, *reason));
            }
        }
        let before = at.checked_sub(1).map_or("", |before| &words[before].text);
        let after = words.get(at + 1).map_or("", |after| &after.text);
        if !is_sell_side && is_command(line, word, before, after) {
            let reason = "an ask is a sell quote";
            found.push((word.text.clone(), "command", reason));
        }
        if matches!(word.text.as_str(), "tell" | "tells") && BEFORE_TELL.contains(&before) {
            found.push((word.text.clone(), "response", "the protocol has responses"));
        }
    }
    found
}

/// True if this `ask` or `asks` is a noun: a number or an article before it, or a number behind it.
fn is_command(line: &str, word: &Word, before: &str, after: &str) -> bool {
    let list = match word.text.as_str() {
        "ask" => BEFORE_ASK,
        "asks" => BEFORE_ASKS,
        _ => return false,
    };
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let next_to = |text: &str| text.chars().find(|c| *c != ' ');
    list.contains(&before)
        || is_number(before)
        || (is_number(after) && word.text == "ask")
        || next_to(&line[word.end..]) == Some('{')
        || (line[..word.start].trim_end().ends_with('}') && word.text == "asks")
        || (word.text == "asks" && line[word.end..].starts_with('/'))
}

/// A line of a page without its code spans that hold a path of Rust, such as a test's: those are identifiers.
fn without_paths(line: &str) -> String {
    // Code spans are the odd pieces.
    let pieces = line.split('`').enumerate();
    let kept = pieces.filter(|(at, piece)| at % 2 == 0 || !piece.contains("::"));
    kept.map(|(_, piece)| piece).collect::<Vec<_>>().join("`")
}

/// Per line of a Rust file, the text of its comments and string literals.
fn rust_text(source: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut put = |c: char| {
        if c == '\n' {
            lines.push(String::new());
        } else if let Some(line) = lines.last_mut() {
            line.push(c);
        }
    };
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (length, is_text) = piece(rest);
        let (taken, left) = rest.split_at(length.max(first.len_utf8()));
        taken.chars().filter(|c| is_text || *c == '\n').for_each(&mut put);
        if is_text {
            put(' '); // two literals of one line are not one sentence
        }
        rest = left;
    }
    lines
}

/// Length of the comment, literal or character that source begins with, and whether it is text for people.
fn piece(source: &str) -> (usize, bool) {
    let after = |from: usize, end: &str| {
        source[from..].find(end).map_or(source.len(), |at| from + at + end.len())
    };
    if source.starts_with("//") {
        return (source.find('\n').unwrap_or(source.len()), true);
    }
    if source.starts_with("/*") {
        return (after(2, "*/"), true);
    }
    if source.starts_with('"') {
        let mut escaped = false;
        for (at, c) in source.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return (at + 1, true),
                _ => {}
            }
        }
        return (source.len(), true);
    }
    if let Some(raw) = source.strip_prefix('r') {
        let marks = raw.bytes().take_while(|byte| *byte == b'#').count();
        if raw[marks..].starts_with('"') {
            return (after(marks + 2, &format!("\"{}", "#".repeat(marks))), true);
        }
    }
    // A quote in a character must not begin a string; a lifetime is no character.
    for quote in ["'\"'", "'\\\"'", "'\\''"] {
        if source.starts_with(quote) {
            return (quote.len(), false);
        }
    }
    let name = source.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    // An `r` at the end of a name begins no raw string.
    (name.count(), false)
}

#[cfg(test)]
mod unit {
    use super::super::complaints_of;
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        complaints_of(check, path, text)
    }

    /// The banned words of a line of a page.
    fn of_line(line: &str) -> Vec<String> {
        found(line, &words(line)).into_iter().map(|(word, ..)| word).collect()
    }

    #[test]
    fn each_banned_word_is_found_with_its_reason() {
        for Banned { phrase, instead, reason } in BANNED {
            let word = phrase.join(" ");
            let told = complaints("a.md", &format!("It, {}: x\n", word.to_uppercase()));
            assert_eq!(told, [format!("a.md:1: `{word}`: write {instead} ({reason})")]);
            assert!(complaints("a.md", &format!("x{word}x\n")).is_empty(), "a part of a word");
        }
    }

    #[test]
    fn an_ask_is_banned_as_a_command_alone() {
        for line in [
            "an ask",
            "Ask 5 opens the market",
            "format!(\"ask {number}\")",
            "{count} asks in all",
            "10 asks",
            "asks/s",
            "the asks of a seed",
            "its last ask",
            "a million of asks",
        ] {
            assert_eq!(of_line(line).len(), 1, "{line}");
        }
        for line in [
            "best bid 5, best ask 6",
            "no asks in the book",
            "[\"bids\", \"asks\"]",
            "a process that asks the ledger",
            "each asks its neighbours",
            "clients ask again",
            "1001,1000,237.00,5,created,ask",
            "asks for a number",
        ] {
            assert_eq!(of_line(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn a_tell_is_banned_and_telling_is_not() {
        assert_eq!(of_line("each tell goes to its client"), ["tell"]);
        assert_eq!(of_line("they tell the time, and it tells no lie"), Vec::<String>::new());
    }

    #[test]
    fn identifiers_are_not_text_and_comments_and_literals_are() {
        let code = "//! A.\nfn house(mortal: char) { x('\"', r#\"a \"clerk\"\"#, \"b \\\" keeper\"); } // a gate\n\
                    let newcomer = 1; /* nobody\nwhoever */ let clerk = '\\'';\n";
        let told = complaints("a.rs", code);
        let words: Vec<&str> = told.iter().filter_map(|told| told.split('`').nth(1)).collect();
        assert_eq!(words, ["clerk", "keeper", "gate", "nobody", "whoever"]);
        assert!(told[4].starts_with("a.rs:4:"), "{told:?}");
        assert!(complaints("a.toml", "house = 1\n").is_empty());
        assert_eq!(complaints("a.toml", "b = 1 # a house\n").len(), 1);
        assert!(complaints("a.svg", "house\n").is_empty());
    }

    #[test]
    fn a_path_of_rust_in_a_page_is_not_text() {
        let line = "`a::b::leaves_nobody`, `a::b c_is_told` and `nobody` in a `house`\n";
        let words = complaints("a.md", line);
        assert_eq!(words.len(), 2, "{words:?}");
        assert!(words[0].contains("`nobody`") && words[1].contains("`house`"), "{words:?}");
    }

    #[test]
    fn a_word_that_is_allowed_in_a_file_is_passed_over_there() {
        let (path, word, _) = ALLOWED[0];
        assert!(complaints(path, &format!("//! {word}\n")).is_empty());
        assert_eq!(complaints(path, "//! a house\n").len(), 1);
    }
}
