//! A row is cut into pieces that fill pages.
//!
//! The database gives a value a page of a power of two, so a row of 541,696 bytes would take 1 MiB. Cut to the page it
//! wastes less than 4 KiB. Each size of page has a table of its own: a leaf that held a large and a small piece would
//! be split where it wastes half again.

/// Bytes of a page that are not for the piece: its key, the seal, the page's own lists.
pub(super) const SPARE: usize = 64;

/// The pages, largest first, with the tables of the pieces that fill them. Larger ones waste no less and are harder to
/// find room for; with 4 KiB alone a commit takes twice the time (docs/design.md).
const PAGES: [(usize, &str); 4] =
    [(32 << 10, "rows/32k"), (16 << 10, "rows/16k"), (8 << 10, "rows/8k"), (4 << 10, "rows/4k")];

/// The table of what is left, less than a page.
const REST: &str = "rows/rest";

/// The most pieces that a row can have: their numbers are u16.
const MOST: usize = 1 << 16;

/// Part of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Its place in [`Cut::tables`].
    pub table: usize,
    pub from: usize,
    pub to: usize,
}

/// How all rows of one length are cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// Names of the tables that are used, at least one.
    pub tables: Vec<&'static str>,
    /// In the order of the row; together the whole of it.
    pub pieces: Vec<Piece>,
}

impl Cut {
    /// Of rows of `bytes` bytes; `None` where that is nothing, or more than can be counted.
    pub fn of(bytes: usize) -> Option<Self> {
        let (mut tables, mut pieces, mut from) = (Vec::new(), Vec::new(), 0);
        if bytes == 0 || bytes.div_ceil(PAGES[0].0 - SPARE) + PAGES.len() > MOST {
            return None;
        }
        for (page, name) in PAGES.map(|(page, name)| (page - SPARE, name)) {
            if bytes - from >= page {
                tables.push(name);
            }
            while bytes - from >= page {
                pieces.push(Piece { table: tables.len() - 1, from, to: from + page });
                from += page;
            }
        }
        if from < bytes {
            tables.push(REST);
            pieces.push(Piece { table: tables.len() - 1, from, to: bytes });
        }
        Some(Self { tables, pieces })
    }

    /// Bytes of pages that a row fills for itself, and bytes of its rest, which shares a page with others.
    pub fn taken(&self) -> (u64, u64) {
        let page = |bytes: usize| PAGES.iter().find(|(page, _)| page - SPARE == bytes);
        self.pieces.iter().fold((0, 0), |(pages, rest), piece| match page(piece.to - piece.from) {
            Some((page, _)) => (pages + *page as u64, rest),
            None => (pages, rest + (piece.to - piece.from) as u64),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_whole_row_in_its_order_and_fill_their_pages() {
        for bytes in (1..70_000).step_by(37).chain([4032, 4033, 541_696, 97_792, 1 << 20]) {
            let cut = Cut::of(bytes).unwrap();
            let mut at = 0;
            for piece in &cut.pieces {
                assert!(piece.from == at && piece.to > at && piece.table < cut.tables.len());
                at = piece.to;
            }
            assert_eq!(at, bytes);
            let (pages, rest) = cut.taken();
            assert!(rest < 4 << 10);
            assert!(pages + rest <= bytes as u64 + (cut.pieces.len() * SPARE) as u64);
        }
    }

    #[test]
    fn a_row_of_nothing_and_one_that_cannot_be_counted_are_none() {
        assert!(Cut::of(0).is_none() && Cut::of(usize::MAX).is_none());
        assert!(Cut::of(2_000_000_000).is_some());
    }
}
