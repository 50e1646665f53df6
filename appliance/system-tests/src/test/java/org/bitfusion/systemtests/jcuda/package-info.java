/// Runs the natives of two JCuda releases, which carry static CUDA runtimes (11.8, and 12.0 in
/// JCuda 12.6), through the client library.
@NullMarked
package org.bitfusion.systemtests.jcuda;

import org.jspecify.annotations.NullMarked;
