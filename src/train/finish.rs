//! Pictures of how far training is, and the model that comes out of it.

use burn::tensor::{Device, Tensor};

use super::Run;
use super::step::Recalibration;
use crate::data::{Photos, Row, Sampler};
use crate::error::Result;
use crate::event::{Event, Observer};
use crate::image::{Picture, Sheet, pictures_of, save_png};
use crate::model::Model;
use crate::runtime::release_buffers;
use crate::store::state::RowKey;
use crate::store::{self, Checkpoint, Origin};

/// Photos shown in a preview.
const SHOWN: usize = 8;

/// Images that the running statistics are recomputed over at most: the mean over so many maps has settled,
/// and a pass over a hundred thousand would take as long as training did.
const RECALIBRATED: usize = 2048;

/// What a preview shows.
#[derive(Debug)]
pub(super) struct Shown {
    pub rows: Vec<Row>,
    pub photos: Vec<Picture>,
    /// The same by the model.
    pub made: Vec<Picture>,
}

/// Saves the model, its statistics recomputed where the configuration says so, and a last preview.
pub(super) fn model(
    state: &Checkpoint,
    sampler: &Sampler,
    photos: &Photos,
    run: &Run,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Shown> {
    let mut model = without_gradients(state, run, device)?;
    if model.config.train.recalibrate {
        let most = RECALIBRATED.div_ceil(model.config.train.batch) as u64;
        let batches = most.min(sampler.batches() as u64);
        let mut statistics = Recalibration::default();
        for visit in 0..batches {
            statistics.add(&model, phi(&model, state, &sampler.minibatch(visit)?)?);
            // Asked to stop or not: the checkpoint is safe by now, and a model without this is a worse one.
            let (batch, batches) = (visit as usize + 1, batches as usize);
            let _ = watch.on(Event::Recalibrated { batch, batches });
        }
        statistics.finish(&mut model);
    }
    release_buffers();
    model.save(&run.model(), &card(state, photos), &origin(state, photos))?;
    let _ = watch.on(Event::Model { folder: run.model() });
    sheet(&model, &|model, phi| model.render(phi), state, sampler, photos, run, watch)
}

/// Writes the preview: the first photos in the order of training beside what the model makes of them, by
/// their own statistics, since the running ones are those of the last minibatch only.
pub(super) fn preview(
    state: &Checkpoint,
    sampler: &Sampler,
    photos: &Photos,
    run: &Run,
    device: &Device,
    watch: &mut dyn Observer,
) -> Result<Shown> {
    let model = without_gradients(state, run, device)?;
    let precision = model.config.train.precision;
    let images =
        |model: &Model, phi| model.generator.forward_train(model.latent.decode(phi), precision).0;
    sheet(&model, &images, state, sampler, photos, run, watch)
}

fn without_gradients(state: &Checkpoint, run: &Run, device: &Device) -> Result<Model> {
    Model::from_state(&state.model.config, state.model.state(), device, &run.model())
}

/// The phi of `rows` as they stand, `[B, P]` on the device of `model`.
fn phi(model: &Model, state: &Checkpoint, rows: &[Row]) -> Result<Tensor<2>> {
    Ok(model.rows(state.gather(&keys(rows))?))
}

/// What `rows` are called in the store.
pub(super) fn keys(rows: &[Row]) -> Vec<RowKey> {
    rows.iter().map(RowKey::of).collect()
}

/// The first photos beside what `images` makes of their phi: no more of them at once than in training, which the memory
/// was reckoned for.
fn sheet(
    model: &Model,
    images: &dyn Fn(&Model, Tensor<2>) -> Tensor<4>,
    state: &Checkpoint,
    sampler: &Sampler,
    photos: &Photos,
    run: &Run,
    watch: &mut dyn Observer,
) -> Result<Shown> {
    let rows = sampler.first(SHOWN)?;
    let photos = rows.iter().map(|row| row.picture(photos)).collect::<Result<Vec<_>>>()?;
    let mut made = Vec::new();
    // As equal as they can be: the statistics of a single image would be another picture.
    let pieces = rows.len().div_ceil(model.config.train.batch);
    for some in rows.chunks(rows.len().div_ceil(pieces)) {
        made.extend(pictures_of(images(model, phi(model, state, some)?))?);
    }
    let scale = (128 / photos[0].width().max(1)).max(1);
    let sheet = Sheet::new(&[])
        .row(Some("photo"), &photos.iter().collect::<Vec<_>>())
        .row(Some("model"), &made.iter().collect::<Vec<_>>())
        .scale(scale);
    save_png(run.preview(), sheet.render()?)?;
    let _ = watch.on(Event::Preview { path: run.preview() });
    Ok(Shown { rows, photos, made })
}

pub(super) fn origin(state: &Checkpoint, photos: &Photos) -> Origin {
    Origin {
        photos: Some(photos.learned()),
        held_out: Some(photos.held_out()),
        steps: Some(state.step),
        ..Origin::default()
    }
}

/// The README of the model.
pub(super) fn card(state: &Checkpoint, photos: &Photos) -> String {
    store::card(&state.model.config, &origin(state, photos))
}
