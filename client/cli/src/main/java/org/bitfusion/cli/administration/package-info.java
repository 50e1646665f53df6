/// What administrators do to a pool from a shell: tokens, users, certificates, servers that are
/// gone; never on the path of `run`.
@NullMarked
package org.bitfusion.cli.administration;

import org.jspecify.annotations.NullMarked;
