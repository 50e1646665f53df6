/// Measures the ways in which a worker could talk to its client; the result is
/// docs/decisions/0002-worker-io.md. Never a test.
@NullMarked
package org.bitfusion.worker.io;

import org.jspecify.annotations.NullMarked;
