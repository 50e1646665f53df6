/// GPUs of one appliance asked for, held and given back over the dispatcher's port; never starts a
/// program.
@NullMarked
package org.bitfusion.cli.lease;

import org.jspecify.annotations.NullMarked;
