//! One person: everything drawn for them, and the order in which it is painted.
//!
//! ```text
//! backdrop < hair behind < neck < clothes < far ear < face < beard < mouth < nose < eyes < hair < near ear < glasses
//! ```

use super::backdrop::Backdrop;
use super::beard::Beard;
use super::clothes::Clothes;
use super::colour::Colour;
use super::dice::Dice;
use super::easel::Easel;
use super::eyes::Eyes;
use super::glasses::Glasses;
use super::hair::Hair;
use super::head::Head;
use super::mouth::Mouth;
use super::nose::Nose;
use super::skin::{paint_ear, paint_face, paint_neck};

pub(super) struct Sitter {
    head: Head,
    backdrop: Backdrop,
    clothes: Clothes,
    hair: Hair,
    eyes: Eyes,
    nose: Nose,
    mouth: Mouth,
    beard: Option<Beard>,
    glasses: Option<Glasses>,
    /// The colour of the light on all of it.
    pub(super) lamp: Colour,
}

impl Sitter {
    pub(super) fn draw(seed: u64, index: u64) -> Self {
        let dice = |part| Dice::new(seed, index, part);
        let head = Head::draw(&mut dice("head"));
        // One number that hair, brows, lashes, lips, beard and shoulders share: parts drawn apart do not make a person.
        let soft = dice("soft").between(0.0, 1.0);
        let mut lamp = dice("lamp");
        let (level, warm) = (lamp.between(0.86, 1.04), lamp.between(-1.0, 1.0));
        Self {
            backdrop: Backdrop::draw(&mut dice("backdrop")),
            clothes: Clothes::draw(&mut dice("clothes"), soft),
            hair: Hair::draw(&mut dice("hair"), &head, soft),
            eyes: Eyes::draw(&mut dice("eyes"), &head, soft),
            nose: Nose::draw(&mut dice("nose")),
            mouth: Mouth::draw(&mut dice("mouth"), &head, soft),
            beard: Beard::draw(&mut dice("beard"), soft),
            glasses: Glasses::draw(&mut dice("glasses")),
            lamp: [level * (1.0 + 0.05 * warm), level, level * (1.0 - 0.06 * warm)],
            head,
        }
    }

    pub(super) fn paint(&self, easel: &mut Easel) {
        let (head, hair) = (&self.head, &self.hair);
        self.backdrop.paint(easel, head);
        easel.set_frame(head.frame());
        hair.paint_behind(easel, head);
        paint_neck(easel, head, self.clothes.neck);
        easel.set_frame(head.body_frame());
        self.clothes.paint(easel, head);

        easel.set_frame(head.frame());
        self.paint_ears(easel, false);
        paint_face(easel, head, hair.is_bald());
        if let Some(beard) = &self.beard {
            beard.paint(easel, head, hair.natural);
        }
        self.mouth.paint(easel, head);
        self.nose.paint(easel, head);
        self.eyes.paint(easel, head, hair.natural);
        hair.paint_front(easel, head);
        self.paint_ears(easel, true);
        if let Some(glasses) = &self.glasses {
            glasses.paint(easel, head, hair.hides_ears());
        }
    }

    /// The ear turned to the viewer lies on the hair, the other one behind the face.
    fn paint_ears(&self, easel: &mut Easel, near: bool) {
        for side in [-1.0, 1.0] {
            if self.head.is_near(side) == near && !self.hair.hides_ears() {
                paint_ear(easel, &self.head, side);
            }
        }
    }
}
