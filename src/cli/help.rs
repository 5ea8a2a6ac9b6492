//! What stands below the options of `--help`, and in the man pages: examples, files, exit codes.
//!
//! No line is longer than a narrow terminal, 40 columns: the parser would break it, and an example that is broken
//! in the middle cannot be pasted. All of them are run by a test, in a folder that has the files they name.

pub(super) const LACUNA: &str = "\
Examples:
  lacuna demo
  lacuna train photos --out runs/mine
  lacuna restore inpaint scan.png \\
    --mask mask.png --shrink \\
    --model runs/mine --out mended
  lacuna help restore

Exit codes:
    0  done
    1  some photos could not be mended
       or copied, each is named on
       stderr; the others are done
       (data check: copies on both
       sides of the split)
    2  an error, or no photo could be;
       a line says why and what to do
  130  Ctrl-C or a polite kill; what is
       finished is kept";

pub(super) const TRAIN: &str = "\
Examples:
  lacuna train photos --out runs/mine
  lacuna train --resume \\
    --out runs/mine \\
    --set train.passes=160
  lacuna train photos \\
    --out runs/short --minutes 10 \\
    --set data.flip=false
  lacuna train photos \\
    --out runs/open --license MIT \\
    --tensorboard board

Words of its progress:
  step  one move of the generator and,
        jointly, of the latents of a few
        photos
  pass  as many steps as visit every
        photo
  loss  how far the model's images are
        from the photos; lower is closer

Files in RUN:
  model/                  the model
  state.redb              to go on from
  config.toml             all settings
  manifest.json           every photo
  log.jsonl  loss.png     the loss
  preview.png             what it makes
  report.html             a page of all
  snapshots/STEP/         --keep models";

pub(super) const RESTORE: &str = "\
Examples:
  lacuna restore inpaint scan.png \\
    --mask mask.png --shrink \\
    --model runs/mine --out mended
  lacuna restore inpaint cutout.png \\
    --shrink \\
    --model runs/mine --out filled
  lacuna restore inpaint large.jpg \\
    --mask large-mask.png \\
    --crop 820,440,600,600 \\
    --shrink \\
    --model runs/mine --out face
  lacuna restore inpaint photos \\
    --hole center:40% --shrink \\
    --model runs/mine --out whole
  lacuna restore superres small \\
    --model runs/mine --out large
  lacuna restore colorize grey.jpg \\
    --model runs/mine --out colour

Files in OUT, for NAME.jpg:
  NAME.png           mended; a hole is
                     filled, all else
                     stays as it was
  NAME.raw.png       the model's image
  NAME.residual.png  mid-grey where it
                     agrees with what
                     is known
  NAME.strip.png     before and after
  restore.json       what was done
  report.html        a page of all

Words of its progress:
  step    one of the search for that
          image of the model which
          agrees best with what is known
  moving  photos whose search goes on
  energy  how far that image is from
          what is known; lower is closer

Exit codes:
    0  all are mended
    1  some could not be, each is named
       on stderr
    2  an error, or none could be
  130  Ctrl-C: what is mended is kept,
       the same command goes on";

pub(super) const INVERT_FEATURES: &str = "\
Examples:
  lacuna invert-features photos \\
    --vgg16 vgg16.safetensors \\
    --model runs/mine --out seen
  lacuna invert-features grey.jpg \\
    --vgg16 vgg16.safetensors \\
    --layer relu4_3 \\
    --model runs/mine --out seen-4

Files in OUT, for NAME.jpg:
  NAME.png            the model's image
  NAME.strip.png      original and that
  features.json       what was done
  features.sheet.png  photos and images

Words of its progress:
  step    one of the search for that
          image of the model which has
          the photo's features
  moving  photos whose search goes on
  energy  what of the features it does
          not have: 0 is none, 1 is as
          much as if it had none

Exit codes:
    0  all are inverted
    1  some could not be, each is named
       on stderr
    2  an error, or none could be
  130  Ctrl-C: what is done is kept,
       the same command goes on";

pub(super) const DEGRADE: &str = "\
Examples:
  lacuna degrade inpaint photos \\
    --hole center:40% --out damaged
  lacuna degrade superres photos \\
    --factor 8 --size 64 \\
    --out tiny --truth true
  lacuna degrade denoise photos \\
    --sigma 0.1 --out noisy";

/// What the words mean that a search is told of in.
macro_rules! searching {
    () => {
        "\
Words of its progress:
  step    one of the search for that
          image of the model which
          agrees best with what is left
  moving  photos whose search goes on
  energy  how far that image is from
          what is left; lower is closer"
    };
}

pub(super) const EVALUATE: &str = concat!(
    "\
Examples:
  lacuna evaluate --model runs/mine \\
    --out report
  lacuna evaluate --model runs/mine \\
    --tasks inpaint,denoise \\
    --hole center:40% --sigma 0.2 \\
    --out report-noise
  lacuna evaluate --model runs/mine \\
    --data others --out report-others
  lacuna evaluate \\
    --models runs/mine,runs/other \\
    --reconstruct 8 --out report-both

",
    searching!()
);

pub(super) const INTERPOLATE: &str = "\
Examples:
  lacuna interpolate a.jpg b.jpg \\
    --model runs/mine --out between
  lacuna interpolate a.jpg b.jpg \\
    --model runs/mine \\
    --with given/mine --frames 7 \\
    --out between-two

Files in OUT:
  strip.png         a row of frames for
                    each way
  between.gif       the same, moving
  interpolate.json  how far the ends
                    are from the photos

Words of its progress:
  step    one of the search for the
          model's image of each photo
  moving  photos whose search goes on
  energy  how far that image is from
          the photo; lower is closer
  MSE     mean squared error of it, of
          a range of 1";

pub(super) const SAMPLE: &str = "\
Examples:
  lacuna sample --model runs/mine \\
    --out drawn
  lacuna sample --model runs/mine \\
    -n 16 --seed 7 --out drawn-7
  lacuna sample --model runs/mine \\
    --refit --dimensions 64 \\
    --out drawn-64

Files in OUT:
  0001.png ..   one picture each
  sheet.png     all of them
  sample.json   how they were made

Words of its progress:
  latent     the numbers that make one
             photo that was learned
  component  a direction in which these
             differ; those that are
             taken explain a share of
             all differences
  mixture    of Gaussians, over latents
             in these directions
  log-likelihood
             ln of how dense it is at a
             latent; far lower for those
             held out: too few photos";

pub(super) const DEMO: &str = concat!(
    "\
Examples:
  lacuna demo
  lacuna demo --minutes 1 --out tour

",
    searching!()
);

pub(super) const DATA: &str = "\
Examples:
  lacuna data check photos
  lacuna data check photos \\
    --hold-out 0.2 --json

Marks of its groups:
  !  on both sides of the split: held
     out, and learned from as a copy
  =  the same bytes
  ~  the same picture: smaller, saved
     again, mirrored, cropped a little;
     a number says how like, 1 is equal

Exit codes:
    0  no picture is on both sides
    1  some are, each with a ! above
    2  an error, or no picture could be
       read
  130  Ctrl-C";

pub(super) const INFO: &str = "\
Examples:
  lacuna info runs/mine
  lacuna info runs/mine/model --json";

pub(super) const SNAPSHOT: &str = "\
Examples:
  lacuna snapshot runs/mine \\
    backup/mine";

pub(super) const EXPORT: &str = "\
Examples:
  lacuna export runs/mine \\
    --out given/mine
  lacuna export runs/mine --latents \\
    --shard-size 500MB \\
    --out given/all-of-mine

Files in FOLDER:
  README.md            a model card
  config.json          all settings
  model.safetensors    the model
  latents-*            --latents
  latents.safetensors.index.json";

pub(super) const COMPLETIONS: &str = "\
Examples:
  source <(lacuna completions bash)
  lacuna completions zsh > _lacuna
  lacuna completions fish > lacuna.fish

The first line belongs into ~/.bashrc,
with zsh for bash into ~/.zshrc; the
last file into
~/.config/fish/completions.";

pub(super) const MAN: &str = "\
Examples:
  lacuna man | head -n 5
  lacuna man restore | man -l -
  lacuna man --out man1";

#[cfg(test)]
mod tests;
