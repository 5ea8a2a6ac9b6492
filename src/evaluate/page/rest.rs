//! What follows the tasks: whole pictures, what was left out, settings.

use crate::error::Result;
use crate::evaluate::outputs::Outputs;
use crate::evaluate::scores::Stat;
use crate::evaluate::sheet::draw;
use crate::evaluate::table::Reconstruction;
use crate::report::{Column, Figure, Section, Table, quoted, versions};

pub(super) fn whole(reconstruction: &[Reconstruction]) -> Section {
    let columns = [
        Column::lower("learned", 5).unmarked(),
        Column::plain("\u{b1}", 5),
        Column::plain("photos", 0),
        Column::lower("held out", 5).unmarked(),
        Column::plain("\u{b1}", 5),
        Column::plain("photos", 0),
    ];
    let mut table = Table::new("system", &columns).sortable();
    for one in reconstruction {
        let of = |stat: Option<Stat>| {
            [stat.map(|s| s.mean), stat.map(|s| s.error), stat.map(|s| s.pictures as f64)]
        };
        table = table.row(&one.system, &[of(one.train), of(one.test)].concat());
    }
    Section::new("Whole pictures")
        .paragraph(
            "How near each model comes to pictures that are not damaged at all: LapL1 + MSE, fitted anew from the shared start \
             for those that were learned too. Much less on learned ones than on held-out ones means that the model has learned \
             them by heart.",
        )
        .table(table)
}

/// What the models have seen of what they are measured on.
pub(super) fn seen(outputs: &Outputs) -> Result<Section> {
    /// Pairs that are shown.
    const SHOWN: usize = 12;
    let mut section = Section::new("What was left out").list(&outputs.plan.notes);
    let mut shown = Vec::new();
    for one in outputs.held_out.near().take(SHOWN) {
        let Some(like) = &one.near else { continue };
        // One that has gone since is in the list below.
        let (Ok(measured), Ok(learned)) = (outputs.held_out.picture(&one.id), like.picture())
        else {
            continue;
        };
        let both =
            draw(&["measured", "learned"], vec![(None, vec![Some(&measured), Some(&learned)])])?;
        let caption = format!("{} like {}", one.name, like.photo);
        shown.push(
            Figure::from_rgb8(&both, &caption)?
                .note(&format!("correlation {:.2}", like.similarity)),
        );
    }
    let pairs: Vec<(String, String)> = (outputs.held_out.near())
        .filter_map(|one| {
            let like = one.near.as_ref()?;
            let mirrored = if like.mirrored { ", mirrored" } else { "" };
            let text = format!("like {}, correlation {:.3}{mirrored}", like.photo, like.similarity);
            Some((one.name.clone(), text))
        })
        .take(200)
        .collect();
    if !pairs.is_empty() {
        section = section
            .subheading("Nearly the same as a learned photo")
            .paragraph(
                "Found by their fine structure, once one lies over the other. Copies have a correlation of about .88 and more; pictures \
                 by one hand, as portraits that a program draws, may be alike without being copies. Look, and count them by \
                 `--include-near` where they are not.",
            )
            .tiles(&shown)
            .settings(&pairs);
    }
    Ok(section.note(
        "A photo whose file was learned is never measured. One that shows the same as a learned photo, smaller, compressed \
         again, mirrored or cropped a little, is flagged.",
    ))
}

pub(super) fn settings(outputs: &Outputs) -> Section {
    let record = &outputs.record;
    let mut rows = vec![
        ("photos".to_string(), record.settings.data.clone()),
        ("pixels".to_string(), format!("{0} x {0}", record.settings.size)),
    ];
    for (task, damage) in &record.settings.damage {
        rows.push((task.clone(), damage.clone()));
    }
    let mut models = Vec::new();
    for one in &record.systems {
        models.push((one.name.clone(), format!("{}, {}", quoted(&one.folder), one.hash)));
        let mut fits: Vec<&String> = one.fits.values().collect();
        fits.sort();
        fits.dedup();
        fits.into_iter().for_each(|fit| models.push((String::new(), fit.clone())));
    }
    let left = Section::new("What was done").settings(&rows);
    let right = Section::new("What it was made with").settings(&versions(outputs.device));
    Section::new("Settings and versions")
        .beside(left, right)
        .subheading("Models: folder, hash, fit")
        .settings(&models)
        .note(
            "Beside this page: every score in scores.csv and scores.jsonl, the tables in table.md and table.json, the sheets as \
             pictures.",
        )
}
