/// One session of a program: its files, its environment, its start and its end; never decides how
/// much of a GPU it gets.
@NullMarked
package org.bitfusion.cli.session;

import org.jspecify.annotations.NullMarked;
