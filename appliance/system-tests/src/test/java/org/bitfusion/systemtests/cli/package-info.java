/// The command line as its user meets it: real processes against a real appliance; never calls the
/// product's classes.
@NullMarked
package org.bitfusion.systemtests.cli;

import org.jspecify.annotations.NullMarked;
