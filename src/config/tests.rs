//! Settings from files, variables and flags, and what is said of wrong ones.

use super::*;

fn check(toml: &str) -> Result<Config, Vec<String>> {
    Config::check(&Figment::from(Toml::string(toml)).extract().unwrap())
}

#[test]
fn defaults_hold_without_any_setting() {
    let config = check("").unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.append_budget_bytes, limit::APPEND_BUDGET_BYTES);
    assert_eq!(config.device_frames_per_s, limit::DEVICE_FRAMES_PER_S);
    assert_eq!(config.connections, limit::CONNECTIONS);
    assert_eq!(config.connections_per_address, limit::CONNECTIONS_PER_ADDRESS);
    assert_eq!((config.signup, config.secure_cookies), (Signup::Open, false));
    assert_eq!(
        (config.tenant_keys, config.tenant_state_bytes, config.tenant_cpu_percent),
        (limit::TENANT_KEYS, limit::TENANT_STATE_BYTES, 50)
    );
    let config = check("tenant_keys = 7\ntenant_state_mb = 2\ntenant_cpu_percent = 25").unwrap();
    assert_eq!((config.tenant_keys, config.tenant_state_bytes, config.tenant_cpu_percent), (7, 2 << 20, 25));
    assert!(check("tenant_keys = 0").is_err() && check("tenant_cpu_percent = 101").is_err());
    let config = check("signup = 'closed'\nsecure_cookies = true").unwrap();
    assert_eq!((config.signup, config.secure_cookies), (Signup::Closed, true));
}

fn load(config: Option<&Path>, environment: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let flags = Flags { config: config.map(Path::to_owned), ..Flags::default() };
    Config::load_with(&flags, environment.iter().map(|(name, value)| (name.into(), value.into())))
}

#[test]
fn the_variable_names_the_file_as_the_flag_does() {
    let dir = tempfile::tempdir().unwrap();
    let (seven, nine) = (dir.path().join("7.toml"), dir.path().join("9.toml"));
    std::fs::write(&seven, "cells = 7").unwrap();
    std::fs::write(&nine, "cells = 9").unwrap();
    let variable = [("EDGESYNC_CONFIG", seven.to_str().unwrap())];
    assert_eq!(load(None, &variable).unwrap().cells, 7);
    assert_eq!(load(Some(&nine), &variable).unwrap().cells, 9);
    let problems = load(None, &[("EDGESYNC_CONFIG", "/nowhere/edgesync.toml")]).unwrap_err();
    assert_eq!(problems, ["config: /nowhere/edgesync.toml is not a file"]);
    std::fs::write(&seven, "config = 'other.toml'").unwrap();
    assert_eq!(load(None, &variable).unwrap_err(), ["config: there is no such setting"]);
}

#[test]
fn a_variable_that_nobody_knows_is_a_problem() {
    let mistyped = [
        ("EDGESYNC_LISTN", "127.0.0.1:1"),
        ("EDGESYNC_DEMO", "1"),
        ("EDGESYNC_CELLS", "0"),
        ("EDGESYNC_TEST_SEED", "7"),
        ("EDGESYNC_TEST_PG_BIN", "/"),
        ("HOME", "/"),
    ];
    let problems = load(None, &mistyped).unwrap_err();
    let named: Vec<_> = problems.iter().map(|problem| problem.split(':').next().unwrap()).collect();
    assert_eq!(named, ["EDGESYNC_DEMO", "EDGESYNC_LISTN", "cells"]);
    assert_eq!(load(None, &[("EDGESYNC_CELLS", "3")]).unwrap().cells, 3);
}

#[test]
fn every_problem_is_reported_at_once() {
    let problems =
        check("listen = 'here'\ncells = 0\nlog_format = 'xml'\ncolour = 1\nlog = '=='\nsignup = 'all'")
            .unwrap_err();
    for key in ["listen", "cells", "log_format", "colour", "log", "signup"] {
        assert!(
            problems.iter().any(|problem| problem.starts_with(&format!("{key}: "))),
            "{key}: {problems:?}"
        );
    }
    assert_eq!(problems.len(), 6);
}

#[test]
fn a_url_is_no_directory_and_is_not_shown() {
    for data in ["postgres://u:s3cr3t@h/db", "postgres:/u:s3cr3t@h/db", "host=h password=s3cr3t"] {
        let problems = check(&format!("data = '{data}'")).unwrap_err();
        assert!(problems.len() == 1 && problems[0].starts_with("data: "), "{problems:?}");
        assert!(problems[0].contains("database_url") && !problems[0].contains("s3cr3t"), "{problems:?}");
    }
    assert_eq!(check("data = 'data@home'").unwrap().data, Path::new("data@home"));
}

#[test]
fn a_database_is_named_by_its_url_and_its_password_is_shown_nowhere() {
    let config = check("database_url = 'postgres://ada:s3cr3t@h,i/edgesync'").unwrap();
    assert_eq!(config.database.as_ref().unwrap().to_string(), "postgres://ada@h:5432,i:5432/edgesync");
    let flags = Flags { database_url: "postgres://ada:s3cr3t@h/d".parse().ok(), ..Flags::default() };
    assert!(Config::load_with(&flags, []).unwrap().database.is_some());
    assert!(!format!("{config:?} {flags:?}").contains("s3cr3t"));

    let wrong = "cells = 0\ndatabase_url = 'postgres://ada:s3cr3t@h/d?sslmode=prefer&colour=red'";
    let problems = check(wrong).unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems.iter().all(|problem| !problem.contains("s3cr3t")), "{problems:?}");

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("edgesync.toml");
    std::fs::write(&file, "database_url = postgres://ada:s3cr3t@h/d").unwrap();
    let problems = load(Some(&file), &[]).unwrap_err();
    assert!(problems[0].contains("database_url") && !problems[0].contains("s3cr3t"), "{problems:?}");
}
