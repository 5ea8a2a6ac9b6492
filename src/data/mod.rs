//! Where pictures to learn from come from.
//!
//! | room | what is in it |
//! |---|---|
//! | [`drawn`] | portraits the program draws itself: a data set without a download |

pub mod drawn;
