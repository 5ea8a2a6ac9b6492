//! The README of a model's folder: a model card, as people and Hugging Face's hub read them.
//!
//! It says what its configuration and [`Origin`] say and nothing else: no times, no paths of the computer it was made
//! on. Equal runs give equal bytes.

mod front;

use std::fmt::Write;

use super::Origin;
use super::shards::{INDEX, Shards};
use super::state::RowFormat;
use crate::config::{Config, ModelConfig};
use crate::latent::LatentConfig;
use crate::report::counted;
use crate::restore::Task;

/// The card of a model of `config`.
pub(crate) fn card(config: &Config, origin: &Origin) -> String {
    let sections = [
        front::matter(config),
        what(config),
        data(config, origin),
        training(config, origin),
        use_and_limits(config),
        files(config),
        reading(config),
        licence(&config.model),
    ];
    sections.concat()
}

/// `text` as one line of Markdown that gives no orders to it.
pub(super) fn line(text: &str) -> String {
    let line = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = line.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let mut safe = String::with_capacity(line.len());
    for c in line.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

fn what(config: &Config) -> String {
    let size = config.size;
    let [channels, height, width] = config.latent.shape();
    format!(
        "# A latent convolutional model of {size} x {size} pixels\n\n\
         A prior for photos that are alike. A generator g, {parameters} numbers, learned jointly with one small \
         convolutional net f for every photo, whose weights phi ({row} numbers) are the photo's latent: \
         `x = g(f_phi(s))`, with f_phi(s) of {channels} x {height} x {width}. The method is that of *Latent \
         Convolutional Models* (Athar, Burnaev, Lempitsky, ICLR 2019).\n\n\
         A damaged photo is mended by fitting a new phi to what is known of it; g stays as it is:\n\n\
         ```\nlacuna restore inpaint --model . PHOTO --mask MASK --shrink --out DIR\n```\n\n",
        parameters = grouped(config.generator.parameters(config.latent.shape())),
        row = grouped(config.latent.row_len()),
    )
}

fn data(config: &Config, origin: &Origin) -> String {
    let ModelConfig { data_name, data_source, data_license, .. } = &config.model;
    let said = |text: &str| match text {
        "" => "not stated".to_string(),
        text => line(text),
    };
    let count = |number: Option<usize>| match number {
        Some(number) => counted(number, "photo"),
        None => "not stated".to_string(),
    };
    let mirrored = if config.data.flip { "yes, as images of their own" } else { "no" };
    let stretched =
        if config.data.stretch { ", stretched to its own darkest and brightest" } else { "" };
    format!(
        "## What it learned\n\n\
         - Set: {}\n- Source: {}\n- Licence of the photos: {}\n\
         - Learned: {}\n- Held out, never learned: {}\n- Mirrored copies learned too: {mirrored}\n\
         - Each resized to {size} x {size} pixels without cropping{stretched}\n\
         - Chance of a photo to be held out, by its content, where the set has no split of its own: {}\n\n",
        said(data_name),
        said(data_source),
        said(data_license),
        count(origin.photos),
        count(origin.held_out),
        config.data.hold_out,
        size = config.size,
    )
}

fn training(config: &Config, origin: &Origin) -> String {
    let train = &config.train;
    let steps =
        origin.steps.map_or("steps not stated".into(), |steps| counted(steps as usize, "step"));
    let statistics = match train.recalibrate {
        true => "recomputed over photos that were learned before the model was saved",
        false => "those of the last minibatches",
    };
    let loss = &config.loss;
    format!(
        "## How it was trained\n\n\
         - {steps} of SGD on g and the latents jointly: minibatches of {}, {} on each before the next\n\
         - Rates: {} for g, {} for a photo's latent; seed {}\n\
         - Loss: {} x L1 of a Laplacian pyramid + {} x squared error, for each image\n\
         - Running statistics of the norms: {statistics}\n\
         - By lacuna {}; all settings are in `config.json`\n\n",
        train.batch,
        counted(train.inner_steps, "step"),
        train.lr_theta,
        train.lr_phi,
        train.seed,
        loss.laplacian,
        loss.mse,
        origin.version.as_deref().map_or(env!("CARGO_PKG_VERSION").into(), line),
    )
}

fn use_and_limits(config: &Config) -> String {
    let tasks = Task::ALL.map(|task| format!("`{}`", task.name())).join(", ");
    format!(
        "## Intended use and limits\n\n\
         - Made for mending photos of the kind it learned: {tasks}. Of anything else it knows nothing, and fills holes \
         with what its own photos would have there.\n\
         - What it fills in is likely, not true: it is no evidence of what a photo showed. Faces, writing and numbers in \
         a filled hole are invented.\n\
         - What was rare among its photos is mended worse. No measure of that, nor of any bias, comes with it.\n\
         - It makes {size} x {size} pixels, whatever is mended; what a photo has beyond that is filled in smoothly.\n\
         - How much of a photo that was learned can be made out from it without the photo's latent was not measured. Share it \
         as you would share the photos.\n\n",
        size = config.size,
    )
}

fn files(config: &Config) -> String {
    let mut text = "## Files\n\n\
         | file | what |\n|---|---|\n\
         | `config.json` | architecture, training and restoration settings |\n\
         | `model.safetensors` | the tensors below, f32 |\n\n\
         Convolutions are `[out, in / groups, k, k]`, transposed ones (`up`) `[in, out, k, k]`, without bias. `norm.*` are \
         `weight`, `bias`, `running_mean`, `running_var`, eps 1e-5, a leaky ReLU of slope 0.2 after each. `g.last` ends in \
         a sigmoid.\n\n\
         | tensor | shape | of its norm, each |\n|---|---|---|\n"
        .to_string();
    let shapes = config.generator.shapes(config.latent.shape());
    for (name, shape) in shapes.iter().filter(|(name, _)| !name.contains(".norm.")) {
        let norm = name.strip_suffix(".conv.weight");
        let norm = norm.map_or(String::new(), |layer| {
            let output = if layer.starts_with("up") { shape[1] } else { shape[0] };
            format!("`g.{layer}.norm.*` `[{output}]`")
        });
        let _ = writeln!(text, "| `g.{name}` | `{shape:?}` | {norm} |");
    }
    let LatentConfig::Convnet(net) = &config.latent;
    let (first, side) = (net.channels[0], net.input_side());
    let _ = write!(
        text,
        "| `latent.s` | `[{}]` | the fixed input s of f, `[{first}, {side}, {side}]` |\n\
         | `latent.start` | `[{}]` | the phi that every photo starts from |\n\n\
         A phi is the weights of f one after another: convolutions 3x3 without padding or bias, `[out, in, 3, 3]`, of the \
         widths {:?}; then weight and bias of the norm of each layer but the last. A norm takes the statistics of its own \
         map, a leaky ReLU follows every layer.\n\n",
        config.latent.input_len(),
        config.latent.row_len(),
        net.channels,
    );
    text
}

fn reading(config: &Config) -> String {
    let LatentConfig::Convnet(net) = &config.latent;
    format!(
        "## Read it without lacuna\n\n\
         ```python\n\
         import json\n\
         from safetensors.numpy import load_file  # pip install safetensors numpy\n\
         config, tensors = json.load(open(\"config.json\")), load_file(\"model.safetensors\")\n\
         s = tensors[\"latent.s\"].reshape({first}, {side}, {side})\n\
         print(config[\"size\"], {{name: tensor.shape for name, tensor in tensors.items()}})\n\
         ```\n\n\
         Nothing in these files is run when they are opened.\n\n",
        first = net.channels[0],
        side = net.input_side(),
    )
}

fn licence(model: &ModelConfig) -> String {
    match model.license.as_str() {
        "" => "## Licence\n\nNone is stated: ask who gave you the model.\n".to_string(),
        license => format!("## Licence\n\n{}\n", line(license)),
    }
}

/// What is said of the latents that go with a model.
pub(crate) fn latents(shards: &Shards) -> String {
    let (rows, row_len) = (grouped(shards.rows as usize), shards.row_len);
    let (kind, reader) = match shards.format {
        RowFormat::F32 => {
            ("f32", "from safetensors.numpy import load_file  # pip install safetensors numpy")
        }
        RowFormat::Bf16 => (
            "bf16",
            "from safetensors.torch import load_file  # pip install safetensors torch numpy",
        ),
    };
    format!(
        "\n## Latents\n\n\
         The phi of every photo that was learned, and of its mirrored copy if that was: {rows} in {}. With the model they \
         give the photos back, as well as it learned them: whoever has both can see what the photos show. An id tells \
         whoever has a file whether it was learned.\n\n\
         | tensor of the file NNNNN | shape | what |\n|---|---|---|\n\
         | `phi.NNNNN` | `[n, {row_len}]` {kind} | one phi a row |\n\
         | `id.NNNNN` | `[n, 32]` u8 | BLAKE3 hash of the photo's file, in the order of which the rows lie |\n\
         | `flipped.NNNNN` | `[n]` u8 | 1 for a mirrored copy |\n\n\
         ```python\n\
         import json\n\
         {reader}\n\
         files = sorted(set(json.load(open(\"{INDEX}\"))[\"weight_map\"].values()))\n\
         tensors = {{name: tensor for file in files for name, tensor in load_file(file).items()}}\n\
         rows = {{}}\n\
         for at in range(1, len(files) + 1):\n    \
             phi, ids, flipped = (tensors[f\"{{name}}.{{at:05}}\"] for name in [\"phi\", \"id\", \"flipped\"])\n    \
             for row, id, side in zip(phi, ids, flipped):\n        \
                 rows[bytes(id.tolist()).hex(), int(side)] = row\n\
         ```\n",
        counted(shards.count() as usize, "file"),
    )
}

fn grouped(number: usize) -> String {
    crate::report::grouped(number as u64)
}

#[cfg(test)]
mod tests;
