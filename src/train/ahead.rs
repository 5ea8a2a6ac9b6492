//! Photos of the next minibatches, read while the steps before them run.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, Scope};

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use crate::data::{Photos, Row, Sampler};
use crate::error::{Error, Result};
use crate::image::Picture;

/// Minibatches that wait at most, beside the one that is being read.
const WAITING: usize = 1;

/// Rows that are stepped on together, and their pictures.
pub(super) struct Visit {
    pub rows: Vec<Row>,
    pub pictures: Vec<Picture>,
}

/// The minibatches of some visits, one after the other.
pub(super) struct Ahead(Receiver<Result<Visit>>);

impl Ahead {
    /// Begins to read `visits` on threads of its own: those of the step must not wait for a photo. They end when this is
    /// dropped, or after the first error.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn read<'s>(
        scope: &'s Scope<'s, '_>,
        sampler: &'s Sampler,
        photos: &'s Photos,
        mut visits: Range<u64>,
    ) -> Result<Self> {
        let threads = rayon::current_num_threads();
        let name = |at| format!("photos-{at}");
        let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build();
        let pool = pool.map_err(|e| no_thread(&e))?;
        let (sender, receiver) = sync_channel(WAITING);
        let work = move || {
            let all_sent = visits.all(|visit| {
                let visit = pool.install(|| read(sampler, photos, visit));
                let is_last = visit.is_err();
                sender.send(visit).is_ok() && !is_last
            });
            drop((all_sent, sender));
        };
        let thread = Builder::new().name("photos".into()).spawn_scoped(scope, work);
        thread.map_err(|e| no_thread(&e))?;
        Ok(Self(receiver))
    }

    /// The next of them, in their order, whatever the number of threads.
    ///
    /// # Errors
    /// A photo that has gone or changed; there is no further visit.
    pub fn next(&self) -> Result<Visit> {
        let over = || Error::input("minibatch", "there is no further one", "ask for fewer");
        self.0.recv().unwrap_or_else(|_| Err(over()))
    }
}

fn read(sampler: &Sampler, photos: &Photos, visit: u64) -> Result<Visit> {
    let rows = sampler.minibatch(visit)?;
    // Collected before it is looked for an error: that of the first photo, whoever was faster.
    let pictures: Vec<_> = rows.par_iter().map(|row| row.picture(photos)).collect();
    Ok(Visit { rows, pictures: pictures.into_iter().collect::<Result<_>>()? })
}

fn no_thread(error: &dyn std::error::Error) -> Error {
    Error::input("threads that read photos", error.to_string(), "give fewer with --threads")
}
