//! Vectors of f32 and the instruction sets that have them, chosen at run time.
//!
//! A kernel is written once, generic over [`Lanes`], as a [`Kernel`]; [`Level::run`] compiles it into a function
//! that has the instruction set's `target_feature`, so that a generic build is as fast as one for this machine.
//! (`pulp`, which does the same, has no portable multiply-add but libm's, a function call for every number.)

mod pairs;

use std::fmt;
use std::sync::OnceLock;

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Plain code over arrays of eight, which the compiler turns into what the target always has.
    Portable,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F.
    Avx512,
    /// The same, with products of pairs of bf16; f32 as there.
    Avx512Bf16,
}

impl Level {
    /// Those that this processor has, the best last; never empty.
    pub fn available() -> Vec<Self> {
        [Self::Portable, Self::Avx2, Self::Avx512, Self::Avx512Bf16]
            .into_iter()
            .filter(|level| level.is_here())
            .collect()
    }

    /// The best one, or the lower one that the environment variable `LACUNA_CPU` names
    /// (`portable`, `avx2`, `avx512`, `avx512bf16`). Asked once a process.
    pub fn best() -> Self {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| {
            let here = Self::available();
            let wanted = std::env::var("LACUNA_CPU").ok();
            let named = here.iter().find(|level| Some(level.to_string()) == wanted);
            *named.or(here.last()).unwrap_or(&Self::Portable)
        })
    }

    fn is_here(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f") && Self::Avx2.is_here(),
            // To the compiler bf16 implies bw.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Bf16 => {
                let bw = is_x86_feature_detected!("avx512bw") && Self::Avx512.is_here();
                bw && is_x86_feature_detected!("avx512bf16")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// Numbers in one vector.
    pub fn lanes(self) -> usize {
        match self {
            Self::Portable | Self::Avx2 => 8,
            Self::Avx512 | Self::Avx512Bf16 => 16,
        }
    }

    /// Runs `kernel` with this instruction set, or with the portable one where this processor lacks it.
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction set was found on this processor.
        unsafe {
            match self {
                Self::Avx2 if self.is_here() => return x86::avx2(kernel),
                Self::Avx512 | Self::Avx512Bf16 if self.is_here() => return x86::avx512(kernel),
                _ => {}
            }
        }
        // SAFETY: portable code needs no instruction set.
        unsafe { kernel.run::<Portable>() }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Bf16 => "avx512bf16",
        })
    }
}

/// A computation generic over the instruction set; `run` and all it calls carry `#[inline(always)]`.
pub trait Kernel {
    type Output;

    /// # Safety
    /// Called only where the instruction set of `L` is there: through [`Level::run`].
    unsafe fn run<L: Lanes>(self) -> Self::Output;
}

/// The most numbers in a vector of any instruction set.
pub(crate) const MAX_LANES: usize = 16;

/// Vectors of f32.
///
/// # Safety
/// All functions need the instruction set; `load` and `store` need `N` numbers at the pointer, any alignment.
#[allow(clippy::missing_safety_doc)]
pub unsafe trait Lanes: Copy + 'static {
    type V: Copy;
    /// Numbers in a vector.
    const N: usize;
    /// Pixels and vectors of a register tile: as many accumulators as registers allow.
    const TILE: (usize, usize);

    unsafe fn load(from: *const f32) -> Self::V;
    unsafe fn store(to: *mut f32, v: Self::V);
    unsafe fn splat(x: f32) -> Self::V;
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// `b` where either is not a number.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// `b` where either is not a number.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a` where `x > 0`, else `b`.
    unsafe fn where_positive(x: Self::V, a: Self::V, b: Self::V) -> Self::V;

    /// The first `n` numbers at the pointer, or a whole vector of them if `n` is at least `N`; the rest is zero.
    #[inline(always)]
    unsafe fn load_part(from: *const f32, n: usize) -> Self::V {
        if n >= Self::N {
            // SAFETY: a whole vector is at the pointer.
            return unsafe { Self::load(from) };
        }
        let mut part = [0.0; MAX_LANES];
        // SAFETY: `n` is below `N`, and there are `n` numbers at the pointer.
        unsafe {
            from.copy_to_nonoverlapping(part.as_mut_ptr(), n);
            Self::load(part.as_ptr())
        }
    }
    /// Writes the first `n` lanes, or all of them if `n` is at least `N`.
    #[inline(always)]
    unsafe fn store_part(to: *mut f32, v: Self::V, n: usize) {
        if n >= Self::N {
            // SAFETY: there is room for a whole vector at the pointer.
            return unsafe { Self::store(to, v) };
        }
        let mut part = [0.0; MAX_LANES];
        // SAFETY: `n` is below `N`, and there is room for `n` numbers at the pointer.
        unsafe {
            Self::store(part.as_mut_ptr(), v);
            to.copy_from_nonoverlapping(part.as_ptr(), n);
        }
    }
}

/// See [`Level::Portable`].
#[derive(Debug, Clone, Copy)]
pub struct Portable;

/// `f(i)` for every lane.
#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> [f32; 8] {
    std::array::from_fn(f)
}

// SAFETY: plain code; `load` and `store` touch the eight numbers that they promise.
unsafe impl Lanes for Portable {
    type V = [f32; 8];
    const N: usize = 8;
    const TILE: (usize, usize) = (4, 1);

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::V {
        unsafe { from.cast::<[f32; 8]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, v: Self::V) {
        unsafe { to.cast::<[f32; 8]>().write_unaligned(v) }
    }
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::V {
        [x; 8]
    }
    #[inline(always)]
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
        each(|i| a[i] + b[i])
    }
    #[inline(always)]
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V {
        each(|i| a[i] - b[i])
    }
    #[inline(always)]
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
        each(|i| a[i] * b[i])
    }
    #[inline(always)]
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
        each(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }
    #[inline(always)]
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // Every aarch64 has the fused instruction; a plain x86 would call a function for it.
        if cfg!(target_arch = "aarch64") {
            each(|i| a[i].mul_add(b[i], c[i]))
        } else {
            each(|i| a[i] * b[i] + c[i])
        }
    }
    #[inline(always)]
    unsafe fn where_positive(x: Self::V, a: Self::V, b: Self::V) -> Self::V {
        each(|i| if x[i] > 0.0 { a[i] } else { b[i] })
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Kernel, Lanes};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2<K: Kernel>(kernel: K) -> K::Output {
        unsafe { kernel.run::<Avx2>() }
    }

    #[target_feature(enable = "avx512f,avx2,fma")]
    pub(super) unsafe fn avx512<K: Kernel>(kernel: K) -> K::Output {
        unsafe { kernel.run::<Avx512>() }
    }

    #[derive(Debug, Clone, Copy)]
    pub struct Avx2;

    #[derive(Debug, Clone, Copy)]
    pub struct Avx512;

    /// The functions that are one instruction each.
    macro_rules! instructions {
        ($load:ident, $store:ident, $splat:ident, $add:ident, $sub:ident, $mul:ident, $max:ident, $min:ident,
         $fma:ident) => {
            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self::V {
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(to: *mut f32, v: Self::V) {
                unsafe { $store(to, v) }
            }
            #[inline(always)]
            unsafe fn splat(x: f32) -> Self::V {
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
                unsafe { $add(a, b) }
            }
            #[inline(always)]
            unsafe fn sub(a: Self::V, b: Self::V) -> Self::V {
                unsafe { $sub(a, b) }
            }
            #[inline(always)]
            unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
                unsafe { $mul(a, b) }
            }
            #[inline(always)]
            unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
                unsafe { $max(a, b) }
            }
            #[inline(always)]
            unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
                unsafe { $min(a, b) }
            }
            #[inline(always)]
            unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                unsafe { $fma(a, b, c) }
            }
        };
    }

    // SAFETY: each function is the instruction of its name.
    unsafe impl Lanes for Avx2 {
        type V = __m256;
        const N: usize = 8;
        // 12 accumulators, two vectors of weights and one number: 15 of 16 registers.
        const TILE: (usize, usize) = (6, 2);

        instructions!(
            _mm256_loadu_ps,
            _mm256_storeu_ps,
            _mm256_set1_ps,
            _mm256_add_ps,
            _mm256_sub_ps,
            _mm256_mul_ps,
            _mm256_max_ps,
            _mm256_min_ps,
            _mm256_fmadd_ps
        );

        #[inline(always)]
        unsafe fn where_positive(x: Self::V, a: Self::V, b: Self::V) -> Self::V {
            unsafe {
                let positive = _mm256_cmp_ps::<_CMP_GT_OQ>(x, _mm256_setzero_ps());
                _mm256_blendv_ps(b, a, positive)
            }
        }
    }

    // SAFETY: each function is the instruction of its name.
    unsafe impl Lanes for Avx512 {
        type V = __m512;
        const N: usize = 16;
        // 24 of 32 registers accumulate; more pixels would spill their pointers.
        const TILE: (usize, usize) = (12, 2);

        instructions!(
            _mm512_loadu_ps,
            _mm512_storeu_ps,
            _mm512_set1_ps,
            _mm512_add_ps,
            _mm512_sub_ps,
            _mm512_mul_ps,
            _mm512_max_ps,
            _mm512_min_ps,
            _mm512_fmadd_ps
        );

        #[inline(always)]
        unsafe fn where_positive(x: Self::V, a: Self::V, b: Self::V) -> Self::V {
            unsafe {
                let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, _mm512_setzero_ps());
                _mm512_mask_blend_ps(positive, b, a)
            }
        }
    }
}
