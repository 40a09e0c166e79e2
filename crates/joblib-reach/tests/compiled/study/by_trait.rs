//! Traits of this package: generic code, `dyn`, default methods, associated items, blanket implementations, extensions.

trait Model {
    const DEGREE: usize;
    type Term: Term;

    fn predict(&self, x: f64) -> f64 {
        (0..Self::DEGREE).map(|power| Self::Term::at(x, power)).sum::<f64>() + self.bias()
    }

    fn bias(&self) -> f64;
}

trait Term {
    fn at(x: f64, power: usize) -> f64;
}

struct Monomial;

impl Term for Monomial {
    fn at(x: f64, power: usize) -> f64 {
        raised(x, power)
    }
}

fn raised(x: f64, power: usize) -> f64 {
    x.powi(power as i32)
}

struct Line(f64);

impl Model for Line {
    const DEGREE: usize = degree();
    type Term = Monomial;

    fn bias(&self) -> f64 {
        clipped(self.0)
    }
}

const fn degree() -> usize {
    2
}

fn clipped(x: f64) -> f64 {
    x.clamp(-1.0, 1.0)
}

fn mean<M: Model>(model: &M, x: &[f64]) -> f64 {
    x.iter().map(|x| model.predict(*x)).sum::<f64>() / x.len() as f64
}

pub fn fitted(x: &[f64]) -> f64 {
    mean(&Line(0.5), x)
}

trait Loss {
    fn loss(&self, x: f64) -> f64;
}

impl<F: Fn(f64) -> f64> Loss for F {
    fn loss(&self, x: f64) -> f64 {
        penalised(self(x))
    }
}

fn penalised(x: f64) -> f64 {
    x + 0.01
}

struct Square;

impl Loss for Square {
    fn loss(&self, x: f64) -> f64 {
        squared(x)
    }
}

fn squared(x: f64) -> f64 {
    x * x
}

// What makes a `dyn` and calls no method of it would not need the methods, and the compiler says that it does.
pub fn worst(x: f64) -> f64 {
    let losses: [Box<dyn Loss>; 2] = [Box::new(Square), Box::new(f64::abs)];
    losses.iter().map(|loss| loss.loss(x)).fold(0.0, f64::max)
}

mod extensions {
    pub trait Smooth: Iterator<Item = f64> + Sized {
        fn smooth(self) -> Smoothed<Self> {
            Smoothed { of: self, last: super::seed() }
        }
    }

    impl<I: Iterator<Item = f64>> Smooth for I {}

    pub struct Smoothed<I> {
        of: I,
        last: f64,
    }

    impl<I: Iterator<Item = f64>> Iterator for Smoothed<I> {
        type Item = f64;

        fn next(&mut self) -> Option<f64> {
            self.last = super::blended(self.last, self.of.next()?);
            Some(self.last)
        }
    }
}

fn seed() -> f64 {
    0.5
}

fn blended(a: f64, b: f64) -> f64 {
    0.9 * a + 0.1 * b
}

pub fn smoothed(x: &[f64]) -> Vec<f64> {
    use extensions::Smooth as _;
    x.iter().copied().smooth().collect()
}

#[derive(Default)]
struct Options {
    rate: Rate,
}

struct Rate(f64);

impl Default for Rate {
    fn default() -> Self {
        Self(usual())
    }
}

fn usual() -> f64 {
    0.1
}

pub fn by_default() -> f64 {
    Options::default().rate.0
}
