//! The messages of an event file: the fields of TensorFlow's `event.proto` and `summary.proto` that are written here.

use prost::{Message, Oneof};

/// What every event file begins with.
pub const VERSION: &str = "brain.Event:2";

#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    #[prost(int64, tag = "2")]
    pub step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    pub what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Value {
    #[prost(string, tag = "1")]
    pub tag: String,
    #[prost(oneof = "Shown", tags = "2, 4")]
    pub shown: Option<Shown>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Shown {
    #[prost(float, tag = "2")]
    Scalar(f32),
    #[prost(message, tag = "4")]
    Image(Image),
}

#[derive(Clone, PartialEq, Message)]
pub struct Image {
    #[prost(int32, tag = "1")]
    pub height: i32,
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// Channels: 3 is RGB.
    #[prost(int32, tag = "3")]
    pub colourspace: i32,
    #[prost(bytes = "vec", tag = "4")]
    pub encoded: Vec<u8>,
}

/// That a process began: events of earlier files from its step on are passed over.
#[derive(Clone, PartialEq, Message)]
pub struct SessionLog {
    #[prost(int32, tag = "1")]
    pub status: i32,
}

impl SessionLog {
    pub const START: i32 = 1;
}

impl What {
    pub fn summary(values: Vec<Value>) -> Self {
        Self::Summary(Summary { values })
    }
}

impl Value {
    pub fn scalar(tag: String, number: f32) -> Self {
        Self { tag, shown: Some(Shown::Scalar(number)) }
    }

    pub fn image(tag: String, image: Image) -> Self {
        Self { tag, shown: Some(Shown::Image(image)) }
    }
}

impl Image {
    /// The RGB image of a PNG file.
    pub fn png(height: u32, width: u32, encoded: Vec<u8>) -> Self {
        Self { height: height as i32, width: width as i32, colourspace: 3, encoded }
    }
}
