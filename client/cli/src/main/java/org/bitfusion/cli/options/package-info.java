/// What the user typed after `run`, `client` and `local`, parsed by hand so that these start fast;
/// never opens a file or a socket.
@NullMarked
package org.bitfusion.cli.options;

import org.jspecify.annotations.NullMarked;
