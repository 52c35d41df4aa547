// As prim.hpp beside it: what the services use of Stan's header of this name.
#include <stan/math/prim.hpp>
#include <stan/math/rev/core.hpp>
#include <stan/math/rev/fun/grad.hpp>
#include <stan/math/rev/functor/finite_diff_hessian_auto.hpp>
