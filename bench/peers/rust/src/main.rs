//! What an expert would write against the same table: ranges in parallel, prepared statements, many in flight.
//!
//! expert find client|server HOST:PORT SOURCE OUT     ids of the source's users; the filter is here, or in the server
//! expert apply plain|timestamp|conditional HOST:PORT SOURCE FILE    FILE: id,rootorgid,channel a line
//! expert lists conditional HOST:PORT KEYSPACE FILE                  FILE: course,batch,before,after (ids with spaces)
use futures::stream::{self, StreamExt, TryStreamExt};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::client::PoolSize;
use scylla::response::PagingState;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::Consistency;
use scylla::value::Row;
use std::error::Error;
use std::fs::{read_to_string, File};
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

type Failure = Box<dyn Error + Send + Sync>;

const RANGES: i128 = 256;
const RANGES_AT_ONCE: usize = 16;
const WRITES_AT_ONCE: usize = 512;
const PAGE_ROWS: i32 = 5000;

async fn connect(address: &str, connections: usize) -> Result<Session, Failure> {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .request_timeout(Some(Duration::from_secs(60)))
        .build();
    let session = SessionBuilder::new()
        .known_node(address)
        .default_execution_profile_handle(profile.into_handle())
        .pool_size(PoolSize::PerHost(NonZeroUsize::new(connections).unwrap()))
        .build()
        .await?;
    Ok(session)
}

fn ranges() -> Vec<(i64, i64)> {
    let width = (1i128 << 64) / RANGES;
    let edge = |i: i128| if i == RANGES { i64::MAX } else { (i64::MIN as i128 + i * width) as i64 };
    (0..RANGES).map(|i| (edge(i), edge(i + 1))).collect()
}

async fn read_range(
    session: &Session, query: &PreparedStatement, range: (i64, i64), source: Option<&str>, out: &Mutex<BufWriter<File>>,
) -> Result<(), Failure> {
    let mut state = PagingState::start();
    let mut found = String::new();
    loop {
        let (page, next) = session.execute_single_page(query, range, state).await?;
        let page = page.into_rows_result()?;
        found.clear();
        match source {
            None => {
                for row in page.rows::<(&str,)>()? {
                    found.push_str(row?.0);
                    found.push('\n');
                }
            }
            Some(source) => {
                for row in page.rows::<(&str, Option<&str>)>()? {
                    let (id, root) = row?;
                    if root == Some(source) {
                        found.push_str(id);
                        found.push('\n');
                    }
                }
            }
        }
        out.lock().unwrap().write_all(found.as_bytes())?;
        match next.into_paging_control_flow() {
            ControlFlow::Break(()) => return Ok(()),
            ControlFlow::Continue(next) => state = next,
        }
    }
}

async fn find(mode: &str, address: &str, source: &str, out: &str) -> Result<(), Failure> {
    let session = Arc::new(connect(address, 2).await?);
    let in_server = mode == "server";
    let text = if in_server {
        format!("SELECT id FROM sunbird.user WHERE token(id) > ? AND token(id) <= ? AND rootorgid = '{source}' ALLOW FILTERING")
    } else {
        "SELECT id, rootorgid FROM sunbird.user WHERE token(id) > ? AND token(id) <= ?".to_string()
    };
    let mut query = session.prepare(text).await?;
    query.set_page_size(PAGE_ROWS);
    query.set_use_cached_result_metadata(true);
    query.set_is_idempotent(true);
    let query = Arc::new(query);
    let out = Arc::new(Mutex::new(BufWriter::new(File::create(out)?)));
    stream::iter(ranges())
        .map(|range| {
            let (session, query, out, source) = (session.clone(), query.clone(), out.clone(), source.to_string());
            tokio::spawn(async move {
                read_range(&session, &query, range, if in_server { None } else { Some(&source) }, &out).await
            })
        })
        .buffer_unordered(RANGES_AT_ONCE)
        .map(|joined| joined.map_err(Failure::from).and_then(|read| read))
        .try_collect::<Vec<()>>()
        .await?;
    out.lock().unwrap().flush()?;
    Ok(())
}

fn was_applied(row: &Row) -> bool {
    row.columns[0].as_ref().and_then(|value| value.as_boolean()).unwrap_or(false)
}

async fn apply(mode: &str, address: &str, source: &str, file: &str) -> Result<(), Failure> {
    let session = connect(address, 1).await?;
    let mut query = session
        .prepare(match mode {
            "plain" => "UPDATE sunbird.user SET rootorgid = ?, channel = ? WHERE id = ?",
            "timestamp" => "UPDATE sunbird.user USING TIMESTAMP ? SET rootorgid = ?, channel = ? WHERE id = ?",
            _ => "UPDATE sunbird.user SET rootorgid = ?, channel = ? WHERE id = ? IF rootorgid = ?",
        })
        .await?;
    query.set_is_idempotent(mode != "conditional");
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as i64;
    let text = read_to_string(file)?;
    stream::iter(text.lines())
        .map(|line| {
            let (session, query) = (&session, &query);
            async move {
                let mut parts = line.split(',');
                let mut part = || parts.next().unwrap_or("");
                let (id, root, channel) = (part(), part(), part());
                match mode {
                    "plain" => session.execute_unpaged(query, (root, channel, id)).await.map(|_| ())?,
                    "timestamp" => session.execute_unpaged(query, (now, root, channel, id)).await.map(|_| ())?,
                    _ => {
                        let answer = session.execute_unpaged(query, (root, channel, id, source)).await?;
                        if !was_applied(&answer.into_rows_result()?.single_row::<Row>()?) {
                            return Err(Failure::from(format!("{id}: not applied")));
                        }
                    }
                }
                Ok(())
            }
        })
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    Ok(())
}

async fn lists(address: &str, keyspace: &str, file: &str) -> Result<(), Failure> {
    let session = connect(address, 1).await?;
    let query = session
        .prepare(format!(
            "UPDATE {keyspace}.course_batch SET createdfor = ? WHERE courseid = ? AND batchid = ? IF createdfor = ?"
        ))
        .await?;
    let text = read_to_string(file)?;
    stream::iter(text.lines())
        .map(|line| {
            let (session, query) = (&session, &query);
            async move {
                let parts: Vec<&str> = line.split(',').collect();
                let list = |i: usize| parts[i].split(' ').collect::<Vec<&str>>();
                let answer = session.execute_unpaged(query, (list(3), parts[0], parts[1], list(2))).await?;
                if !was_applied(&answer.into_rows_result()?.single_row::<Row>()?) {
                    return Err(Failure::from(format!("{}: not applied", parts[1])));
                }
                Ok(())
            }
        })
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    Ok(())
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[1..] {
        ["find", mode, address, source, out] => find(mode, address, source, out).await,
        ["apply", mode, address, source, file] => apply(mode, address, source, file).await,
        ["lists", "conditional", address, keyspace, file] => lists(address, keyspace, file).await,
        _ => Err("usage: expert find|apply|lists …".into()),
    }
}
