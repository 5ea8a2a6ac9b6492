//! The systems that are compared.
//!
//! | method | what it knows |
//! |---|---|
//! | [`naive`] | no model: colours, smoothness, the mean and the principal components of other pictures |

pub mod naive;
