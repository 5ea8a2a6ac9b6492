use super::*;
use ::image::RgbImage;

/// A report of `count` pictures, each `bytes` large when it is shown whole.
fn report(count: usize, bytes: usize) -> Report {
    let mut report = Report::at(PathBuf::from("report.html"));
    for i in 0..count {
        let name = format!("{i:05}.png");
        let case = Section::new(&name).paragraph(&"x".repeat(bytes));
        let tile = Figure::thumbnail(&RgbImage::new(9, 9), 9, &name).unwrap();
        let energy = (i % 100) as f32;
        report.keep(Path::new(&name), Card { energy, case: Some(case), tile: Some(tile) });
    }
    report
}

fn page(report: &Report) -> String {
    let page = report.pictures().into_iter().fold(Page::new(Kind::Restore, ""), Page::section);
    page.render()
}

#[test]
fn of_many_pictures_the_first_and_the_worst_are_shown_whole_and_all_in_small() {
    let few = page(&report(60, 10));
    assert_eq!((few.matches("<h3>").count(), few.matches("<figure>").count()), (60, 0));
    let many = page(&report(300, 10));
    assert_eq!((many.matches("<h3>").count(), many.matches("<figure>").count()), (24, 300));
    for name in ["00000.png", "00011.png", "00099.png", "00199.png", "00299.png", "00296.png"] {
        assert!(many.contains(&format!("<h3>{name}</h3>")), "{name}");
    }
}

#[test]
fn the_page_stays_below_its_limit_and_what_it_has_no_room_for_is_named() {
    let large = page(&report(50, 1_000_000));
    assert!(large.len() < 40_000_000, "{}", large.len());
    assert_eq!((large.matches("<h3>").count(), large.matches("<figure>").count()), (23, 27));
    let mut many = report(20_000, 10);
    // Memory holds no more of them than the page. One that comes too late for a tile may be the worst.
    let tiles = many.cards.values().map(Card::tile_bytes).sum::<usize>();
    assert!(tiles <= TILES_BYTES && tiles == many.tiles_bytes, "{tiles}");
    let case = Some(Section::new("late.png"));
    many.keep(Path::new("late.png"), Card { energy: 1e3, case, tile: None });
    let tiles = many.cards.values().filter(|card| card.tile.is_some()).count();
    let many = page(&many);
    assert!(many.len() < 40_000_000, "{}", many.len());
    let unseen = counted(20_000 - tiles, "picture");
    assert!(many.contains(&format!("<h2>{unseen} not shown</h2>")), "{unseen}");
    assert!(many.contains("<h3>late.png</h3>") && many.contains("named in restore.json"));
}
