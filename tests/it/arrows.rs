//! Dependencies point one way: schemas <- engine, schemas <- storage, engine and storage <- actors <- api <- the binary.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// For tests only: no crate depends on it otherwise.
const FOR_TESTS: &str = "tests/postgres";
const OURS: [&str; 5] = ["schemas", "engine", "storage", "actors", "api"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Names in the dependency tables of a manifest, other than those for tests.
fn dependencies(manifest: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(manifest).unwrap();
    let mut names = BTreeSet::new();
    let mut section = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').to_owned();
            let table = section
                .rsplit_once("dependencies.")
                .filter(|(kind, _)| *kind != "dev-" && *kind != "workspace.");
            names.extend(table.map(|(_, name)| name.to_owned()));
        } else if section.ends_with("dependencies")
            && !section.starts_with("workspace")
            && section != "dev-dependencies"
        {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            if !name.is_empty() && !name.starts_with('#') {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

/// Which of our crates a crate depends on.
fn ours(of: &str) -> BTreeSet<String> {
    let names = dependencies(&root().join(of).join("Cargo.toml"));
    names.iter().filter_map(|name| name.strip_prefix("edgesync-")).map(str::to_owned).collect()
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

/// Files of a crate whose code (comments apart) names `word`, relative to the crate.
fn naming(of: &str, word: &str) -> Vec<String> {
    let directory = root().join(of);
    let mut files = Vec::new();
    sources(&directory.join("src"), &mut files);
    let names = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'))
            .any(|token| token == word)
    };
    files.retain(names);
    let relative = |path: PathBuf| path.strip_prefix(&directory).unwrap().display().to_string();
    files.into_iter().map(relative).collect()
}

#[test]
fn our_crates_depend_on_each_other_in_one_direction() {
    let allowed: [(&str, &[&str]); 5] = [
        ("schemas", &[]),
        ("engine", &["schemas"]),
        ("storage", &["schemas"]),
        ("actors", &["schemas", "engine", "storage"]),
        ("api", &["schemas", "storage", "actors"]),
    ];
    for (name, allowed) in allowed {
        let extra: Vec<_> =
            ours(name).into_iter().filter(|other| !allowed.contains(&other.as_str())).collect();
        assert!(extra.is_empty(), "{name} must not depend on {extra:?}");
    }
}

#[test]
fn what_is_for_tests_is_in_no_product() {
    for of in OURS.into_iter().chain(["."]) {
        assert!(
            !ours(of).contains("test-postgres"),
            "{of} must depend on edgesync-test-postgres for its tests only"
        );
    }
}

#[test]
fn the_workspace_has_only_the_crates_of_the_layout() {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = text.lines().find(|line| line.starts_with("members")).expect("the workspace has members");
    let named: Vec<&str> = members.split('"').skip(1).step_by(2).collect();
    assert_eq!(named, [&OURS[..], &[FOR_TESTS]].concat());
}

#[test]
fn schemas_know_no_io_and_no_async() {
    let names = dependencies(&root().join("schemas/Cargo.toml"));
    for stranger in
        ["tokio", "axum", "hyper", "ractor", "timely", "fjall", "rusqlite", "crossbeam", "futures-util"]
    {
        assert!(!names.contains(stranger), "schemas depends on {stranger}");
    }
    for word in ["SystemTime", "Instant", "TcpStream", "File", "async"] {
        let files = naming("schemas", word);
        assert!(files.is_empty(), "{files:?} of schemas name {word}");
    }
}

#[test]
fn the_engine_knows_no_sockets_files_clock_or_tokio() {
    let names = dependencies(&root().join("engine/Cargo.toml"));
    for stranger in ["tokio", "axum", "hyper", "ractor", "fjall", "rusqlite"] {
        assert!(!names.contains(stranger), "engine depends on {stranger}");
    }
    for word in ["SystemTime", "TcpStream", "File", "tokio"] {
        let files = naming("engine", word);
        assert!(files.is_empty(), "{files:?} of engine name {word}");
    }
}

#[test]
fn only_the_cell_names_timely() {
    for file in naming("engine", "timely") {
        assert!(file.starts_with("src/cell"), "engine/{file} names timely");
    }
    for other in ["schemas", "storage", "actors", "api"] {
        assert!(naming(other, "timely").is_empty(), "{other} names timely: {:?}", naming(other, "timely"));
    }
}

#[test]
fn only_actors_name_ractor_and_storage_knows_no_http() {
    for other in ["schemas", "engine", "storage", "api"] {
        assert!(naming(other, "ractor").is_empty(), "{other} names ractor: {:?}", naming(other, "ractor"));
    }
    for (name, strangers) in
        [("storage", ["axum", "hyper", "http"]), ("actors", ["axum", "hyper", "rusqlite"])]
    {
        let names = dependencies(&root().join(name).join("Cargo.toml"));
        for stranger in strangers {
            assert!(!names.contains(stranger), "{name} depends on {stranger}");
        }
    }
}

#[test]
fn no_crate_forbids_less_than_the_workspace() {
    for name in OURS.into_iter().chain([FOR_TESTS]) {
        let text = std::fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        assert!(text.contains("[lints]\nworkspace = true"), "{name} does not take the workspace's lints");
        assert!(naming(name, "unbounded_channel").is_empty(), "{name} has an unbounded channel");
    }
}
