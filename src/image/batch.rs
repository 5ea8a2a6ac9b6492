//! Pictures of one size <-> a batch on a device.

use burn::tensor::{Device, Tensor, TensorData};

use super::Picture;
use crate::error::{Error, Result};

/// `pictures` as `[B, 3, H, W]`.
///
/// # Errors
/// No pictures, or pictures of different sizes.
pub fn batch_of(pictures: &[Picture], device: &Device) -> Result<Tensor<4>> {
    let size = |picture: &Picture| [picture.height(), picture.width()];
    let Some([height, width]) = pictures.first().map(size) else {
        return Err(Error::input("batch", "it has no picture", "give at least one"));
    };
    if let Some(other) = pictures.iter().find(|picture| size(picture) != [height, width]) {
        let problem = format!("a {:?} picture is among {:?} ones", size(other), [height, width]);
        return Err(Error::input("batch", problem, "resize them to one size"));
    }
    let numbers: Vec<f32> = pictures.iter().flat_map(|p| p.data().iter().copied()).collect();
    Ok(Tensor::from_data(TensorData::new(numbers, [pictures.len(), 3, height, width]), device))
}

/// The pictures of a batch, `[B, 3, H, W]`.
///
/// # Errors
/// Numbers that are not finite: the model they come from has diverged.
pub fn pictures_of(images: Tensor<4>) -> Result<Vec<Picture>> {
    let [_, _, height, width] = images.dims();
    let numbers = numbers_of(images);
    numbers.chunks(3 * height * width).map(|n| Picture::new(height, width, n.to_vec())).collect()
}

/// A tensor's numbers on the host, row-major.
pub fn numbers_of<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    // All tensors of this crate are f32, so the conversion never fails and is free.
    tensor.into_data().convert::<f32>().try_into_vec().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_survive_the_way_through_a_batch_and_sizes_must_agree() {
        let device = Device::flex();
        let picture = |c: f32, h| Picture::constant(h, 5, [c, 0.5, 1.0]).unwrap();
        let pictures = [picture(0.1, 4), picture(0.2, 4)];
        let back = pictures_of(batch_of(&pictures, &device).unwrap()).unwrap();
        assert_eq!(back, pictures);
        assert!(batch_of(&[], &device).is_err());
        assert!(batch_of(&[picture(0.1, 4), picture(0.1, 3)], &device).is_err());
    }
}
