//! The pages that the program writes, in a real browser: what a person does with them works, at the width of a phone
//! too, and nothing is asked of any network.

#![cfg(unix)]

mod common;

use std::fs;
use std::path::Path;

use common::browser::Browser;
use common::runs::picture;
use common::workshop::{Workshop, lacuna, ok, strs, text};
use lacuna::image::save_png;
use serde_json::{Value, json};

const NASTY: &str = "O'Hara <script>hit = 1<& \"ü\" 100%#1?.png";

/// What every page has to hold, wide and narrow.
fn sound(browser: &mut Browser, page: &Path, title: &str) {
    for width in [390, 1280] {
        browser.open(page, width);
        assert_eq!(browser.value("document.title"), title);
        assert_eq!(browser.value("document.documentElement.lang"), "en");
        assert_eq!(pictures(browser), Vec::<String>::new());
        assert!(browser.value("document.images.length").as_u64().unwrap() > 3);
        assert_eq!(browser.value("document.documentElement.scrollWidth"), width, "{title}");
        assert_eq!(browser.value("document.scripts.length"), 1, "{title}");
        assert_eq!(browser.value("typeof hit"), "undefined");
        zooms(browser);
        let colour = |browser: &mut Browser, scheme: &str| {
            let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
            browser.call("Emulation.setEmulatedMedia", json!({ "features": features }));
            browser.value("getComputedStyle(document.body).backgroundColor")
        };
        assert_ne!(colour(browser, "dark"), colour(browser, "light"));
        assert_eq!(browser.problems(), Vec::<String>::new(), "{title}");
    }
}

/// The pictures that cannot be decoded, and those without a word for who cannot see them.
fn pictures(browser: &mut Browser) -> Vec<String> {
    let script = "(async () => { \
        const all = [...document.images].filter(one => !one.closest('dialog')); \
        await Promise.all(all.map(one => one.decode().catch(() => {}))); \
        return all.filter(one => !one.naturalWidth || !one.alt).map(one => one.alt + one.src.slice(0, 60)); })()";
    serde_json::from_value(browser.value(script)).unwrap()
}

/// A click shows a picture large, arrow keys the next one, Escape ends it where it began.
fn zooms(browser: &mut Browser) {
    let is_open = "document.getElementById('zoom').open";
    let shown = "document.querySelector('#zoom img').src";
    browser.click("figure > button.zoom", (0.5, 0.5));
    browser.until(is_open);
    browser.until("document.querySelector('#zoom img').naturalWidth > 0");
    let first = browser.value(shown);
    assert_eq!(first, browser.value("document.querySelector('figure > button.zoom img').src"));
    browser.press("ArrowRight");
    assert_ne!(browser.value(shown), first);
    browser.press("ArrowLeft");
    assert_eq!(browser.value(shown), first);
    browser.press("Escape");
    browser.until(&format!("!{is_open}"));
    assert_eq!(browser.value("document.activeElement.className"), "zoom");
}

/// The border of a pair follows the mouse and the keys, and a label shows its own picture.
fn slides(browser: &mut Browser) {
    let border = "getComputedStyle(document.querySelector('.pair img + img')).clipPath";
    let value = "Number(document.querySelector('.pair input').value)";
    assert_eq!(browser.value(value), 50);
    browser.click(".pair", (0.25, 0.4));
    let clicked = browser.value(value).as_f64().unwrap();
    assert!((23.0..=27.0).contains(&clicked), "{clicked}");
    assert_eq!(browser.value(border), format!("inset(0px {}% 0px 0px)", 100.0 - clicked));
    browser.press("ArrowRight");
    assert_eq!(browser.value(value), clicked + 1.0);
    assert_eq!(browser.value(border), format!("inset(0px {}% 0px 0px)", 99.0 - clicked));
    for (label, image) in [("left", "img + img"), ("right", "img")] {
        browser.click(&format!(".pair .{label}"), (0.5, 0.5));
        let same = format!(
            "document.querySelector('#zoom img').src === document.querySelector('.pair {image}').src"
        );
        browser.until("document.getElementById('zoom').open");
        assert_eq!(browser.value(&same), true, "{label}");
        browser.press("Escape");
        browser.until("!document.getElementById('zoom').open");
    }
}

/// The curve tells its numbers to the mouse and to the keys.
fn tells(browser: &mut Browser) {
    let told =
        "document.querySelector('.told').hidden ? '' : document.querySelector('.told').textContent";
    assert_eq!(browser.value(told), "");
    browser.point(".plot", (0.0, 0.5));
    let first = browser.value(told).as_str().unwrap().to_string();
    assert!(first.starts_with("step ") && first.contains(": loss 0."), "{first}");
    browser.value("document.querySelector('.plot').focus()");
    browser.press("ArrowRight");
    let points = "JSON.parse(document.querySelector('.plot').dataset.points).length";
    // The moment that a demo learns here may be one line of its log.
    assert_eq!(browser.value(told) != first, browser.value(points).as_u64() > Some(1));
}

#[test]
fn the_page_of_a_run_works() {
    let Some(mut browser) = Browser::start() else { return };
    let workshop = Workshop::new();
    let page = workshop.at("run/report.html");
    sound(&mut browser, &page, "A model of 5 photos");
    tells(&mut browser);
    let copy = "document.querySelector('.copy')";
    browser.click(".copy", (0.5, 0.5));
    browser.until(&format!("{copy}.textContent !== 'Copy'"));
    let selected = browser.value("getSelection().toString().trim()");
    let run = fs::canonicalize(workshop.at("run")).unwrap();
    let command = format!("lacuna restore inpaint --model {} photo.jpg", text(&run));
    assert!(selected.as_str().unwrap().starts_with(&command), "{selected}");
    assert_eq!(browser.problems(), Vec::<String>::new());
}

#[test]
fn the_page_of_mended_pictures_works_whatever_they_are_called() {
    let Some(mut browser) = Browser::start() else { return };
    let workshop = Workshop::new();
    let photos = workshop.at("damaged");
    save_png(photos.join("große Bilder").join(NASTY), picture(7, 400).to_rgb8()).unwrap();
    save_png(photos.join("top.png"), picture(8, 16).to_rgb8()).unwrap();
    fs::write(photos.join("<img src=x onerror=hit=1>.png"), b"none").unwrap();
    let output =
        lacuna(&strs(&workshop.restore("inpaint", &photos, "out", &["--hole", "center:40%"])));
    assert_eq!(output.status.code(), Some(1), "one input is broken");
    let page = workshop.at("out/report.html");
    sound(&mut browser, &page, "2 photos mended");
    slides(&mut browser);

    let texts = |browser: &mut Browser, selector: &str| -> Vec<String> {
        let script =
            format!("[...document.querySelectorAll('{selector}')].map(e => e.textContent)");
        serde_json::from_value(browser.value(&script)).unwrap()
    };
    let headings = texts(&mut browser, "h3");
    assert!(headings.contains(&format!("große Bilder/{NASTY}")), "{headings:?}");
    let captions = texts(&mut browser, "figcaption");
    for caption in ["mask", "model's image", "residual"] {
        assert_eq!(captions.iter().filter(|text| *text == caption).count(), 2, "{captions:?}");
    }
    let left_out = texts(&mut browser, "dt").join(" ");
    assert!(left_out.contains("<img src=x onerror=hit=1>.png"), "{left_out}");

    // A link leads to the file that it names.
    let links = "[...document.querySelectorAll('figcaption a')].map(a => decodeURIComponent(new URL(a.href).pathname))";
    let links: Vec<String> = serde_json::from_value(browser.value(links)).unwrap();
    assert_eq!(links.len(), 4);
    assert!(links.iter().all(|link| Path::new(link).is_file()), "{links:?}");
}

#[test]
fn the_page_of_the_demo_works() {
    let Some(mut browser) = Browser::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("demo");
    ok(&["demo", "--out", text(&out), "--minutes", "0.01", "--portraits", "24"]);
    sound(&mut browser, &out.join("report.html"), "Portraits, learned and mended");
    slides(&mut browser);
    tells(&mut browser);
    assert_eq!(browser.problems(), Vec::<String>::new());
}

#[test]
fn the_page_of_an_evaluation_works_and_its_tables_sort() {
    let Some(mut browser) = Browser::start() else { return };
    let workshop = Workshop::new();
    let others = workshop.at("others");
    for number in 0..5 {
        let name = if number == 0 { NASTY.to_string() } else { format!("{number}.png") };
        save_png(others.join(name), picture(20 + number, 24).to_rgb8()).unwrap();
    }
    let (run, out) = (workshop.at("run"), workshop.at("evaluation"));
    let head = ["evaluate", "--model", text(&run), "--data", text(&others), "--out", text(&out)];
    ok(&[&head[..], &["--tasks", "inpaint,denoise", "--hole", "center:6", "--include-near"]]
        .concat());
    sound(&mut browser, &out.join("report.html"), "The model \u{201c}run\u{201d}, measured");
    let column = "[...document.querySelectorAll('table.sortable')[1].tBodies[0].rows]\
                  .map(row => Number(row.cells[1].dataset.v))";
    let head = "#s1 thead th:nth-child(2) button";
    for sign in [1.0, -1.0] {
        browser.click(head, (0.3, 0.5));
        let numbers: Vec<f64> = serde_json::from_value(browser.value(column)).unwrap();
        assert!(
            numbers.len() == 6 && numbers.is_sorted_by(|a, b| sign * a <= sign * b),
            "{numbers:?}"
        );
    }
    let dots =
        browser.value("document.querySelectorAll('#s1 .track')[0].querySelectorAll('i').length");
    assert_eq!(dots, 5);
    assert_eq!(browser.problems(), Vec::<String>::new());
}

/// Without this, all of the above could hold because nothing is ever found.
#[test]
fn a_page_that_is_unsound_is_found_out() {
    let Some(mut browser) = Browser::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("bad.html");
    let html = "<!doctype html><meta name=viewport content='width=device-width'>\
                <img alt=broken src='data:image/png;base64,AAAA'><img alt='' src=beside.png>\
                <div style='width:700px'>wide</div><script>fetch('http://127.0.0.1:1/'); none.sense</script>";
    fs::write(&page, html).unwrap();
    browser.open(&page, 390);
    assert_eq!(pictures(&mut browser).len(), 2);
    assert_ne!(browser.value("document.documentElement.scrollWidth"), Value::from(390));
    let problems = browser.problems().join("\n");
    for problem in ["asked for http://127.0.0.1:1/", "asked for file://", "none is not defined"] {
        assert!(problems.contains(problem), "{problem}: {problems}");
    }
}
