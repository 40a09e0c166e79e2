//! What the code that `delayed!` and `#[task]` generate makes its tasks with.

use std::marker::PhantomData;

use super::delayed::{Delayed, Function, NoData};

/// The name of a function, as its caller writes it.
pub trait CallName: 'static {
    /// The name.
    const NAME: &'static str;
    /// Whether its arguments are told nowhere.
    const IS_REDACTED: bool = false;
}

/// A closure without captures that calls the function `N`.
pub struct Call<G, N>(G, PhantomData<fn() -> N>);

impl<G: Copy, N> Copy for Call<G, N> {}

impl<G: Copy, N> Clone for Call<G, N> {
    fn clone(&self) -> Self {
        *self
    }
}

/// The task of a call of `N`.
pub fn task<N: CallName, G, Args>(call: G, args: Args) -> Delayed<Call<G, N>, Args>
where
    Call<G, N>: Function<Args>,
{
    const { NoData::<G>::CHECKED };
    Delayed::of(&Call::<G, N>(call, PhantomData), args)
}

macro_rules! calls {
    ($($name:ident $($arg:ident)*;)*) => {$(
        impl<G, N, R, $($arg),*> Function<($($arg,)*)> for Call<G, N>
        where
            G: Fn($($arg),*) -> R + Copy + Send + Sync + 'static,
            N: CallName,
        {
            type Output = R;

            #[allow(non_snake_case)]
            #[inline]
            fn call(self, ($($arg,)*): ($($arg,)*)) -> R {
                (self.0)($($arg),*)
            }

            fn name() -> &'static str {
                N::NAME
            }

            fn is_redacted() -> bool {
                N::IS_REDACTED
            }
        }

        /// Gives a closure the types of its arguments.
        pub fn $name<G: Fn($($arg),*) -> R, R, $($arg),*>(_: &($($arg,)*), call: G) -> G {
            call
        }
    )*};
}

calls! {
    call_0;
    call_1 A;
    call_2 A B;
    call_3 A B C;
    call_4 A B C D;
    call_5 A B C D E;
    call_6 A B C D E F;
    call_7 A B C D E F H;
    call_8 A B C D E F H I;
    call_9 A B C D E F H I J;
    call_10 A B C D E F H I J K;
    call_11 A B C D E F H I J K L;
    call_12 A B C D E F H I J K L M;
}
