//! Vectors of pairs: two bf16 numbers in a lane, and a multiply-add that takes both.
//!
//! ```text
//! fma(a, b, c) = (c + a.high b.high) + a.low b.low        a and b pairs, c and the result f32
//! ```
//! All else is as in f32, so the register tiles serve pairs as they stand, over half as many rows. It is one
//! instruction where the processor has AVX512-BF16; elsewhere two f32 multiply-adds on the halves, in the order that
//! Intel's manual gives for that instruction. A bf16 is the upper half of an f32, and a product of two has 16
//! significant bits, so it is exact in f32 and nothing is lost on the way. The instruction takes subnormal numbers for
//! zero, the two multiply-adds keep them: the one difference, below 1.2e-38.

use std::marker::PhantomData;

use super::{Kernel, Lanes, Level, Portable, each};

impl Level {
    /// Whether pairs are multiplied by one instruction; elsewhere they take longer than f32.
    pub fn has_bf16(self) -> bool {
        self == Self::Avx512Bf16 && self.is_here()
    }

    /// As [`run`](Self::run), with vectors of [`Pairs`].
    pub(crate) fn run_pairs<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction set was found on this processor.
        unsafe {
            match self {
                Self::Avx2 if self.is_here() => return x86::avx2(kernel),
                Self::Avx512 if self.is_here() => return x86::avx512(kernel),
                Self::Avx512Bf16 if self.is_here() => return x86::avx512bf16(kernel),
                _ => {}
            }
        }
        // SAFETY: portable code needs no instruction set.
        unsafe { kernel.run::<Pairs<Portable>>() }
    }
}

/// Vectors of an instruction set whose multiply-add takes pairs.
///
/// # Safety
/// As [`Lanes`].
#[allow(clippy::missing_safety_doc)]
pub unsafe trait Dot: Copy + 'static {
    type Base: Lanes;
    /// As [`Lanes::TILE`].
    const TILE: (usize, usize);

    /// `(c + a.high * b.high) + a.low * b.low`
    unsafe fn dot(a: Vector<Self>, b: Vector<Self>, c: Vector<Self>) -> Vector<Self>;
}

type Vector<D> = <<D as Dot>::Base as Lanes>::V;

/// The two numbers of every pair as f32.
///
/// # Safety
/// As [`Lanes`].
#[allow(clippy::missing_safety_doc)]
pub unsafe trait Halves: Lanes {
    /// As [`Lanes::TILE`]: halves take registers too.
    const TILE: (usize, usize);

    unsafe fn low(v: Self::V) -> Self::V;
    unsafe fn high(v: Self::V) -> Self::V;
}

// SAFETY: the functions are those of `L`.
unsafe impl<L: Halves> Dot for L {
    type Base = L;
    const TILE: (usize, usize) = <L as Halves>::TILE;

    #[inline(always)]
    unsafe fn dot(a: L::V, b: L::V, c: L::V) -> L::V {
        // SAFETY: by the caller's promise.
        unsafe { L::fma(L::low(a), L::low(b), L::fma(L::high(a), L::high(b), c)) }
    }
}

// SAFETY: plain code.
unsafe impl Halves for Portable {
    const TILE: (usize, usize) = <Self as Lanes>::TILE;

    #[inline(always)]
    unsafe fn low(v: Self::V) -> Self::V {
        each(|i| f32::from_bits(v[i].to_bits() << 16))
    }
    #[inline(always)]
    unsafe fn high(v: Self::V) -> Self::V {
        each(|i| f32::from_bits(v[i].to_bits() & 0xffff_0000))
    }
}

/// [`Lanes`] whose multiply-add is that of pairs; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Pairs<D>(PhantomData<D>);

/// Functions that are those of the base.
macro_rules! as_in_base {
    ($($name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        $(#[inline(always)]
        unsafe fn $name($($argument: $type),*) $(-> $result)? {
            // SAFETY: by the caller's promise.
            unsafe { D::Base::$name($($argument),*) }
        })*
    };
}

// SAFETY: the functions are those of the base and `dot`.
unsafe impl<D: Dot> Lanes for Pairs<D> {
    type V = Vector<D>;
    const N: usize = D::Base::N;
    const TILE: (usize, usize) = {
        // Weights are packed in blocks of so many vectors, by those of f32.
        assert!(D::TILE.1 == D::Base::TILE.1);
        D::TILE
    };

    as_in_base! {
        load(from: *const f32) -> Self::V;
        store(to: *mut f32, v: Self::V);
        splat(x: f32) -> Self::V;
        add(a: Self::V, b: Self::V) -> Self::V;
        sub(a: Self::V, b: Self::V) -> Self::V;
        mul(a: Self::V, b: Self::V) -> Self::V;
        max(a: Self::V, b: Self::V) -> Self::V;
        min(a: Self::V, b: Self::V) -> Self::V;
        where_positive(x: Self::V, a: Self::V, b: Self::V) -> Self::V;
    }

    #[inline(always)]
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: by the caller's promise.
        unsafe { D::dot(a, b, c) }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::mem::transmute;

    use super::super::x86::{Avx2, Avx512};
    use super::{Dot, Halves, Kernel, Lanes, Pairs};

    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: handed on: whoever calls has asked the processor.
        unsafe { kernel.run::<Pairs<Avx2>>() }
    }

    #[target_feature(enable = "avx512f,avx2,fma")]
    pub(super) unsafe fn avx512<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: as above.
        unsafe { kernel.run::<Pairs<Avx512>>() }
    }

    #[target_feature(enable = "avx512bf16,avx512f,avx2,fma")]
    pub(super) unsafe fn avx512bf16<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: as above.
        unsafe { kernel.run::<Pairs<Avx512Bf16>>() }
    }

    /// AVX-512 with the instruction for pairs.
    #[derive(Debug, Clone, Copy)]
    pub struct Avx512Bf16;

    // SAFETY: each function is the instruction of its name.
    unsafe impl Halves for Avx2 {
        // 8 accumulators, four halves of weights and two of the number: 14 of 16 registers.
        const TILE: (usize, usize) = (4, 2);

        #[inline(always)]
        unsafe fn low(v: Self::V) -> Self::V {
            unsafe { _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_castps_si256(v))) }
        }
        #[inline(always)]
        unsafe fn high(v: Self::V) -> Self::V {
            unsafe { _mm256_and_ps(v, _mm256_castsi256_ps(_mm256_set1_epi32(-0x1_0000))) }
        }
    }

    // SAFETY: each function is the instruction of its name.
    unsafe impl Halves for Avx512 {
        // With the halves 30 of 32 registers.
        const TILE: (usize, usize) = <Self as Lanes>::TILE;

        #[inline(always)]
        unsafe fn low(v: Self::V) -> Self::V {
            unsafe { _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_castps_si512(v))) }
        }
        #[inline(always)]
        unsafe fn high(v: Self::V) -> Self::V {
            unsafe {
                let mask = _mm512_set1_epi32(-0x1_0000);
                _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(v), mask))
            }
        }
    }

    // SAFETY: the instruction of its name.
    unsafe impl Dot for Avx512Bf16 {
        type Base = Avx512;
        const TILE: (usize, usize) = <Avx512 as Lanes>::TILE;

        #[inline(always)]
        unsafe fn dot(a: __m512, b: __m512, c: __m512) -> __m512 {
            // SAFETY: both types are the same 64 bytes.
            unsafe {
                let (a, b) = (transmute::<__m512, __m512bh>(a), transmute::<__m512, __m512bh>(b));
                _mm512_dpbf16_ps(c, a, b)
            }
        }
    }
}
