//! Takes the samples of each row, alternating the sides so that a drift of the machine meets all of them.

use std::time::Instant;

use crate::Result;
use crate::data::Data;
use crate::report::{Figure, Report, Spread};
use crate::row::{Peer, Row};

/// Measures every row; one that fails is told of and does not cost the others.
pub(crate) fn all(rows: Vec<Row>, data: &Data) -> Result<Report> {
    let mut report = Report::new(data.joblib().versions()?, data.quick);
    for row in rows {
        let name = row.name.clone();
        eprint!("{name:40}");
        match measure(row, data) {
            Ok(figure) => {
                eprintln!(" {}", crate::table::line(&figure));
                report.figures.push(figure);
            }
            Err(error) => {
                eprintln!(" FAILED: {error}");
                report.failures.push(format!("{name}: {error}"));
            }
        }
    }
    Ok(report)
}

fn measure(row: Row, data: &Data) -> Result<Figure> {
    let Row { name, unit, peer, bars, prepare } = row;
    let mut sides = prepare(data)?;
    let mut ask_peer = || -> Result<Option<f64>> {
        match (peer, &mut sides.peer) {
            (Peer::Joblib, _) => data.joblib().sample(&name, unit.name()).map(Some),
            (Peer::Named(_), Some(sample)) => sample().map(Some),
            (Peer::Named(_), None) => Err("the peer's side is missing".into()),
            (Peer::Nobody, _) => Ok(None),
        }
    };
    let (mut ours, mut theirs, mut limit) = (Vec::new(), Vec::new(), Vec::new());
    let start = Instant::now();
    for round in 0..data.scale.most {
        if round >= data.scale.fewest && start.elapsed() > data.scale.time {
            break;
        }
        let peer_first = round % 2 == 0;
        if peer_first {
            theirs.extend(ask_peer()?);
        }
        ours.push((sides.ours)()?);
        if let Some(sample) = &mut sides.limit {
            limit.push(sample()?);
        }
        if !peer_first {
            theirs.extend(ask_peer()?);
        }
    }
    if peer == Peer::Joblib {
        data.joblib().release(&name)?;
    }
    let peer_name = match peer {
        Peer::Joblib => Some("joblib"),
        Peer::Named(peer) => Some(peer),
        Peer::Nobody => None,
    };
    let (peer, limit) = (Spread::of(theirs), Spread::of(limit));
    Ok(Figure {
        name,
        unit,
        peer_name,
        ours: Spread::of(ours).ok_or("no samples of ours")?,
        peer,
        limit,
        // Bars are for the whole data.
        bars: if data.quick { Vec::new() } else { bars },
    })
}

/// The time of a call in seconds: the median of its repetitions.
pub(crate) fn seconds<R>(repeat: usize, mut work: impl FnMut() -> Result<R>) -> Result<f64> {
    let mut times = Vec::with_capacity(repeat);
    for _ in 0..repeat {
        let start = Instant::now();
        // What the call gives is dropped within its time, as Python drops it.
        drop(std::hint::black_box(work()?));
        times.push(start.elapsed().as_secs_f64());
    }
    Ok(Spread::of(times).ok_or("no repetitions")?.median)
}
