/// `run`, `client` and `local`: a lease, a program in it, and the end of both; never loads picocli.
@NullMarked
package org.bitfusion.cli.command;

import org.jspecify.annotations.NullMarked;
