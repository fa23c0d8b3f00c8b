//! The control server: local HTTP that answers and takes JSON.
//!
//! | request | does |
//! |---|---|
//! | `GET /health` | `ok` or what is wrong; status 503 while the position is unknown or lost |
//! | `GET /estimate` | the newest estimate; 404 before there is one |
//! | `GET /sources` | every source |
//! | `POST /fixpoint` | a [`Fixpoint`]: goes through engine and recording as a sample; answers its fate |
//! | `POST /reset` | `{}`: forgets everything but the two files, and begins a new recording |
//!
//! What is posted has to be stated as `application/json`, which a web page of a stranger can't do.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::board::Board;
use super::command::{Command, Fixpoint};
use super::inbox::Inbox;
use crate::config::Vehicle;

/// The engine answers within this.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the server needs.
#[derive(Clone)]
pub struct Control {
    board: Arc<Board>,
    inbox: Arc<Inbox>,
    vehicle: Arc<Vehicle>,
}

impl Control {
    /// Of a run.
    #[must_use]
    pub fn new(board: &Arc<Board>, inbox: &Arc<Inbox>, vehicle: &Vehicle) -> Self {
        Self {
            board: Arc::clone(board),
            inbox: Arc::clone(inbox),
            vehicle: Arc::new(vehicle.clone()),
        }
    }
}

/// Listens; the future serves.
///
/// # Errors
/// The address can't be had.
pub async fn serve(
    address: &str,
    control: Control,
) -> anyhow::Result<impl Future<Output = ()> + use<>> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("the control server can't listen at {address}: choose another with --control, or --no-control")
    })?;
    let at = listener.local_addr()?;
    tracing::info!("control server at http://{at}");
    let routes = Router::new()
        .route("/health", get(health))
        .route("/estimate", get(estimate))
        .route("/sources", get(sources))
        .route("/fixpoint", post(fixpoint))
        .route("/reset", post(reset))
        .fallback(|| async {
            error(
                StatusCode::NOT_FOUND,
                "there are GET /health, /estimate, /sources and POST /fixpoint, /reset",
            )
        })
        .with_state(control);
    Ok(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!("the control server stopped: {error}");
        }
    })
}

fn error(status: StatusCode, why: impl Into<String>) -> Response {
    (status, Json(json!({ "error": why.into() }))).into_response()
}

async fn health(State(control): State<Control>) -> Response {
    let look = control.board.look();
    let mode = look.estimate.as_ref().map_or("cold", |e| e.mode);
    let conditions = look.estimate.as_ref().map(|e| e.conditions.clone());
    let conditions = conditions.unwrap_or_default();
    let silent: Vec<Value> = (look.sources.iter())
        .filter(|s| matches!(s.state.name(), "waiting" | "stale" | "failed"))
        .map(|s| json!({ "source": s.source, "state": s.state, "why": s.fault.as_deref().or(s.hint) }))
        .collect();
    let has_place = !matches!(mode, "cold" | "lost");
    let status = match (
        has_place,
        conditions.is_empty() && silent.is_empty() && look.recording_lost == 0,
    ) {
        (false, _) => "no_position",
        (true, false) => "degraded",
        (true, true) => "ok",
    };
    let code = if has_place {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "status": status,
        "mode": mode,
        "conditions": conditions,
        "silent_sources": silent,
        "recording_lost": look.recording_lost,
        "running_s": look.running_s,
        "samples": look.samples,
        "latency": look.latency,
    });
    (code, Json(body)).into_response()
}

async fn estimate(State(control): State<Control>) -> Response {
    match control.board.look().estimate {
        Some(estimate) => Json(estimate).into_response(),
        None => error(StatusCode::NOT_FOUND, "the position is not known yet"),
    }
}

async fn sources(State(control): State<Control>) -> Response {
    Json(control.board.look().sources).into_response()
}

async fn fixpoint(
    State(control): State<Control>,
    body: Result<Json<Fixpoint>, JsonRejection>,
) -> Response {
    let fixpoint = match body {
        Ok(Json(fixpoint)) => fixpoint,
        Err(rejected) => return error(rejected.status(), rejected.body_text()),
    };
    let (source, reading) = match fixpoint.reading(&control.vehicle) {
        Ok(pair) => pair,
        Err(why) => return error(StatusCode::UNPROCESSABLE_ENTITY, why),
    };
    let (reply, answer) = oneshot::channel();
    control
        .inbox
        .command(Command::Fixpoint(source, reading, reply));
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(fate)) => Json(json!({ "source": source, "fate": fate })).into_response(),
        _ => error(
            StatusCode::SERVICE_UNAVAILABLE,
            "the engine does not answer",
        ),
    }
}

/// `{}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn reset(
    State(control): State<Control>,
    body: Result<Json<Nothing>, JsonRejection>,
) -> Response {
    if let Err(rejected) = body {
        return error(
            rejected.status(),
            format!("{}: send {{}} as application/json", rejected.body_text()),
        );
    }
    let (reply, answer) = oneshot::channel();
    control.inbox.command(Command::Reset(reply));
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(Ok(()))) => Json(json!({ "reset": true })).into_response(),
        Ok(Ok(Err(why))) => error(StatusCode::INTERNAL_SERVER_ERROR, why),
        _ => error(
            StatusCode::SERVICE_UNAVAILABLE,
            "the engine does not answer",
        ),
    }
}
