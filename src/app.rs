//! `edgesync serve`: wires the parts together, says when it is ready, and takes them down in the order of a reading's way.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use edgesync_actors::System;
use edgesync_actors::flow::balance::Pace;
use edgesync_actors::flow::tenants;
use edgesync_actors::system;
use edgesync_api::accept::{self, Gate};
use edgesync_api::state::{AppState, Settings};
use edgesync_storage::catalog::Catalog;
use edgesync_storage::catalog::token::Token;
use edgesync_storage::directory;
use edgesync_storage::janitor::{self, Janitor};
use edgesync_storage::log::{self, ReadingLog};
use edgesync_storage::postgres::Server;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::cli::{ServeArgs, failed};
use crate::config::{Config, EXIT_CONFIG};
use crate::{demo, setup, telemetry};

/// Runs the server until a signal. The exit code is 64 for a wrong configuration and 1 for a failure.
pub fn run(args: ServeArgs) -> ExitCode {
    let config = match Config::load(&args.flags) {
        Ok(config) => config,
        Err(problems) => {
            for problem in problems {
                eprintln!("edgesync: {problem}");
            }
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    telemetry::start(&config.log, config.log_format);
    let served = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime could not be started")
        .and_then(|runtime| runtime.block_on(serve(config, args.demo)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

async fn serve(config: Config, demo: bool) -> Result<()> {
    let mut signals = Signals::new()?;
    if config.database.is_none() || demo {
        directory::make(&config.data)
            .with_context(|| format!("data directory {} cannot be made", config.data.display()))?;
    }
    let (catalog, log) = stores(&config).await?;
    let kept = retention(&config);
    let janitor = Janitor::start(catalog.clone(), log.clone(), kept).await.context("what projects keep")?;
    let changes = catalog.watch_changes();
    let options = system::Options {
        device_frames_per_s: config.device_frames_per_s,
        cells: config.cells,
        tenant: tenants::Limits {
            keys: config.tenant_keys,
            state_bytes: config.tenant_state_bytes,
            share: f64::from(config.tenant_cpu_percent) / 100.0,
        },
        pace: pace(&config),
        faults: config.test_faults,
    };
    let system = System::start(catalog.clone(), log.clone(), options).await.context("the actors")?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("{} cannot be listened on", config.listen))?;
    let address = listener.local_addr()?;
    let gate = Arc::new(Gate::new(accept::Options {
        connections: config.connections,
        connections_per_address: config.connections_per_address,
    }));
    let setup = setup::token(&catalog, address.ip(), config.signup).await?;
    let state =
        AppState::new(catalog.clone(), log.clone(), system.handle(), Arc::clone(&gate)).with(Settings {
            signup: config.signup,
            setup_token: setup.as_ref().map(Token::hash),
            secure_cookies: config.secure_cookies,
        });
    let (stop, stopped) = watch::channel(false);
    let mut http = tokio::spawn(accept::serve(listener, edgesync_api::router(state), gate, stopped));

    println!("edgesync ready at http://{address}");
    tracing::info!(%address, data = %place(&config), version = env!("CARGO_PKG_VERSION"), "ready");
    let fleet = if demo {
        // The demo's account is the first then.
        Some(demo::start(address, &catalog, &config.data, setup.as_ref()).await.context("the demo")?)
    } else {
        setup.as_ref().inspect(|token| setup::tell(token));
        None
    };

    let signal = signals.next().await;
    tracing::info!(signal, "going down; a second signal exits at once");
    tokio::spawn(async move {
        signals.next().await;
        std::process::exit(1);
    });
    if let Some(fleet) = fleet {
        fleet.abort();
    }
    stop.send_replace(true);
    system.shutdown(&log, STEP).await;
    // Dashboards that are told over HTTP are requests until they have been sent away.
    if tokio::time::timeout(STEP, &mut http).await.is_err() {
        http.abort();
        tracing::warn!("some requests were cut off");
    }
    drop((janitor, changes, catalog));
    tracing::info!("down");
    Ok(())
}

/// Opens what the server stores in: a directory or a database.
async fn stores(config: &Config) -> Result<(Catalog, ReadingLog)> {
    let options = log::Options {
        budget_bytes: config.append_budget_bytes,
        stall_file: config.test_stall_file.clone(),
        head_readings: config.test_head_readings,
        ..log::Options::default()
    };
    if let Some(target) = &config.database {
        let server = Server::open(target).await.context("the database")?;
        let log = ReadingLog::open_postgres(&server, options).await.context("the reading log")?;
        return Ok((Catalog::open_postgres(&server).await.context("the catalog")?, log));
    }
    let dir = config.data.join("readings");
    let log = tokio::task::spawn_blocking(move || ReadingLog::open(&dir, options)).await?;
    let log = log.context("the reading log")?;
    Ok((Catalog::open(&config.data.join("catalog.db")).context("the catalog")?, log))
}

/// Where that is, to be shown.
fn place(config: &Config) -> String {
    config.database.as_ref().map_or_else(|| config.data.display().to_string(), ToString::to_string)
}

/// What the janitor goes by.
fn retention(config: &Config) -> janitor::Options {
    let mut options = janitor::Options {
        default_days: config.retention_days,
        bytes_max: config.max_store_bytes,
        ..janitor::Options::default()
    };
    if config.test_retention_ms > 0 {
        let often = Duration::from_millis(config.test_retention_ms);
        (options.look, options.pass) = (often, often);
        (options.regret, options.deleted) = (often, often);
    }
    options
}

/// How soon flows are moved, slowed and suspended.
fn pace(config: &Config) -> Pace {
    let usual = Pace::default();
    if config.test_balance_ms == 0 {
        return usual;
    }
    let by = config.test_balance_ms as f64 / usual.look.as_millis() as f64;
    Pace {
        look: usual.look.mul_f64(by),
        behind: usual.behind.mul_f64(by),
        slow_lag: usual.slow_lag.mul_f64(by),
        ..usual
    }
}

/// Longest that each step of the way down may take.
const STEP: Duration = Duration::from_secs(5);

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
