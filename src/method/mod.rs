//! The systems that can be compared, each a [`Restorer`](crate::restore::Restorer).

mod lcm;
pub mod naive;

pub use lcm::Lcm;
