use super::*;
use crate::config::{Layers, PRESETS};
use crate::model::Model;

fn config(settings: &[&str]) -> Config {
    let mut layers = Layers::preset("celeba-128").unwrap();
    settings.iter().for_each(|setting| layers.set(setting).unwrap());
    layers.finish().unwrap()
}

fn origin() -> Origin {
    Origin { photos: Some(1234), held_out: Some(56), steps: Some(7), version: None }
}

#[test]
fn a_card_says_what_is_known_and_where_nothing_is_said_that_it_is_not() {
    let given = [
        "model.license=CC BY 4.0",
        "model.data_name=portraits of \"ours\"",
        "model.data_source=https://example.org/portraits_1",
        "model.data_license=by leave of the sitters",
    ];
    let card = card(&config(&given), &origin());
    for words in [
        "license: cc-by-4.0\n",
        "- Set: portraits of \"ours\"\n",
        "- Source: https://example.org/portraits\\_1\n",
        "- Licence of the photos: by leave of the sitters\n",
        "- Learned: 1,234 photos\n",
        "- Held out, never learned: 56 photos\n",
        "128 x 128",
        "7 steps of SGD",
        "38,696,224 numbers",
        "| `g.up.0.conv.weight` | `[2048, 512, 4, 4]` | `g.up.0.norm.*` `[512]` |",
        "| `g.last.weight` | `[3, 32, 3, 3]` |  |",
        "`[2, 40, 40]`",
    ] {
        assert!(card.contains(words), "no `{words}` in: {card}");
    }
    let silent = super::card(&config(&[]), &Origin::default());
    assert_eq!(silent.matches("not stated").count(), 6, "{silent}");
    assert!(silent.starts_with("---\nlibrary_name: lacuna\n"), "{silent}");
}

#[test]
fn what_is_said_stays_within_its_line() {
    let given = ["model.data_name=a\n\n# head\u{1b}[31m <b>|`", "model.license=x\n---\n# y"];
    let mut layers = Layers::preset("bench-64").unwrap();
    for assignment in given {
        let (key, text) = assignment.split_once('=').unwrap();
        layers.set_text(key, text).unwrap();
    }
    let card = card(&layers.finish().unwrap(), &origin());
    assert!(card.contains("- Set: a \\# head \\[31m \\<b\\>\\|\\`\n"), "{card}");
    assert_eq!(card.lines().filter(|line| *line == "---").count(), 2, "{card}");
    assert!(card.ends_with("x --- \\# y\n"), "{card}");
}

#[test]
fn the_card_of_every_preset_names_all_of_its_layers() {
    for (name, _) in PRESETS {
        let config = Layers::preset(name).unwrap().finish().unwrap();
        let card = card(&config, &origin());
        for tensor in Model::shapes(&config).keys().filter(|tensor| !tensor.contains(".norm.")) {
            assert!(card.contains(&format!("`{tensor}`")), "{name}: {tensor}");
        }
    }
}
