/// The routes below `/api/v1`, a class each for what they are about; never keep anything of their
/// own.
@NullMarked
package org.bitfusion.manager.routes;

import org.jspecify.annotations.NullMarked;
