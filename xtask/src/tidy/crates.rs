//! Rules about crates: which may use which, and why a dependency is there.
//!
//! The layers are read from the table in ARCHITECTURE.md, so the page and the rule cannot differ.

use std::collections::BTreeMap;

use super::{Complaint, File};

const MAP: &str = "ARCHITECTURE.md";

/// The crate that can be used without the others, and the only one of ours that it may use.
const STANDS_ALONE: &str = "kernel";
const BELOW_IT: &str = "memory";

/// What the names of our packages begin with; those of our libraries do not.
const PREFIX: &str = "buttonwood-";

/// Names of the workspace's libraries, with their layers. A crate uses those of a lower one only.
type Layers = BTreeMap<String, u32>;

/// Checks every manifest.
pub(crate) fn check(files: &[File], complaints: &mut Vec<Complaint>) {
    let layers = layers(files);
    if layers.is_empty() {
        complaints.push(Complaint::new(MAP, 0, "has no table of layers (| 0 | `units` | ...)"));
        return;
    }
    for file in files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        let manifest = Manifest::read(&file.text);
        let Some(name) = &manifest.name else { continue }; // the workspace's own
        if file.path.starts_with("bench-peers/") {
            check_reasons(&file.path, &manifest, &layers, complaints);
            continue;
        }
        for line in ["edition.workspace = true", "license.workspace = true", "publish.workspace"] {
            if !file.text.contains(line) {
                complaints.push(Complaint::new(&file.path, 0, format!("lacks `{line}`")));
            }
        }
        if !manifest.has_lints {
            let what = "lacks `[lints] workspace = true`: the lints of all";
            complaints.push(Complaint::new(&file.path, 0, what));
        }
        let name = name.strip_prefix(PREFIX).unwrap_or(name);
        check_layers(&file.path, name, &manifest, &layers, complaints);
        check_reasons(&file.path, &manifest, &layers, complaints);
    }
}

/// Rows such as ``| 3 | `ledger` | ... |`` of the map.
fn layers(files: &[File]) -> Layers {
    let map = files.iter().find(|file| file.path == MAP);
    let row = |line: &str| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let layer = cells.next()?.parse().ok()?;
        let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((name.to_owned(), layer))
    };
    map.map(|map| map.text.lines().filter_map(row).collect()).unwrap_or_default()
}

fn check_layers(
    path: &str,
    name: &str,
    manifest: &Manifest,
    layers: &Layers,
    complaints: &mut Vec<Complaint>,
) {
    let Some(own) = layers.get(name) else {
        let what = format!("crate `{name}` is not in the table of layers in {MAP}");
        return complaints.push(Complaint::new(path, 0, what));
    };
    for dependency in &manifest.dependencies {
        let Some(other) = layers.get(&dependency.name) else { continue };
        if dependency.name == name {
            continue; // its own tests turn one of its features on
        }
        let what = if name == STANDS_ALONE && dependency.name != BELOW_IT {
            format!("`{name}` uses `{}`: of our crates it uses `{BELOW_IT}` alone", dependency.name)
        } else if other >= own {
            format!(
                "`{name}` (layer {own}) uses `{}` (layer {other}): dependencies run one way, down the \
                 table in {MAP}",
                dependency.name
            )
        } else {
            continue;
        };
        complaints.push(Complaint::new(path, dependency.line, what));
    }
}

fn check_reasons(
    path: &str,
    manifest: &Manifest,
    layers: &Layers,
    complaints: &mut Vec<Complaint>,
) {
    for dependency in &manifest.dependencies {
        if !dependency.has_reason && !layers.contains_key(&dependency.name) {
            let what = format!("dependency `{}` has no reason beside it", dependency.name);
            complaints.push(Complaint::new(path, dependency.line, what));
        }
    }
}

/// The parts of a manifest that the rules need. Our manifests have one dependency per line.
#[derive(Default)]
struct Manifest {
    name: Option<String>,
    has_lints: bool,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    line: usize,
    has_reason: bool,
}

impl Manifest {
    fn read(text: &str) -> Manifest {
        let mut manifest = Manifest::default();
        let mut section = "";
        let mut reason_above = false;
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(rest) = line.strip_prefix('[') {
                section = rest.split(']').next().unwrap_or_default();
                reason_above = false;
            } else if line.starts_with('#') {
                reason_above = true;
            } else if line.trim().is_empty() {
                reason_above = false;
            } else if section == "package" {
                if let Some(name) = line.strip_prefix("name = ") {
                    manifest.name = Some(name.trim_matches('"').to_owned());
                }
            } else if section == "lints" {
                manifest.has_lints |= line.trim() == "workspace = true";
            } else if section.ends_with("dependencies") && section != "workspace.dependencies" {
                let name = line.split(['=', '.', ' ']).next().unwrap_or_default().to_owned();
                let has_reason = reason_above || line.contains(" # ");
                manifest.dependencies.push(Dependency { name, line: number, has_reason });
            }
        }
        manifest
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    const MAP_TEXT: &str =
        "| | crate |\n|---|---|\n| 0 | `units` |\n| 1 | `kernel` |\n| 3 | `ledger` |\n";

    fn complaints(manifest: &str) -> Vec<String> {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let head = "edition.workspace = true\nlicense.workspace = true\npublish.workspace = true\n";
        let text = manifest.replace("HEAD\n", head);
        let files = [file(MAP, MAP_TEXT), file("crates/x/Cargo.toml", &text)];
        let mut complaints = Vec::new();
        check(&files, &mut complaints);
        complaints.iter().map(|c| c.to_string()).collect()
    }

    const LINTS: &str = "[lints]\nworkspace = true\n";

    #[test]
    fn a_crate_uses_only_those_below_it() {
        let good =
            "[package]\nname = \"ledger\"\nHEAD\n[dependencies]\nunits = { workspace = true }\n";
        assert_eq!(complaints(&format!("{good}{LINTS}")), Vec::<String>::new());
        let bad =
            "[package]\nname = \"units\"\nHEAD\n[dev-dependencies]\nledger.workspace = true\n";
        let told = complaints(&format!("{bad}{LINTS}"));
        assert!(told[0].contains("`units` (layer 0) uses `ledger` (layer 3)"), "{told:?}");
        let kernel = "[package]\nname = \"kernel\"\nHEAD\n[dependencies]\nunits.workspace = true\n";
        assert!(complaints(&format!("{kernel}{LINTS}"))[0].contains("`memory` alone"));
        let unknown = "[package]\nname = \"utils\"\nHEAD\n";
        assert!(complaints(&format!("{unknown}{LINTS}"))[0].contains("not in the table"));
    }

    #[test]
    fn lints_and_reasons_are_missed() {
        let text = "[package]\nname = \"units\"\nHEAD\n\
                    [dependencies]\n# Good for both.\na = \"1\"\nb = \"1\"\n\nc = \"1\"\nd = \"1\" # for d\n";
        let told = complaints(text);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("[lints]"));
        assert!(told[1].ends_with("dependency `c` has no reason beside it"));
    }
}
