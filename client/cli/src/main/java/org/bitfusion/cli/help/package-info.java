/// `help`, `version` and the commands that picocli parses; never on the path of `run`.
@NullMarked
package org.bitfusion.cli.help;

import org.jspecify.annotations.NullMarked;
