/// The files that name servers (`servers.conf`, `adaptor.conf`) and their search order; never talks
/// to a server.
@NullMarked
package org.bitfusion.cli.configuration;

import org.jspecify.annotations.NullMarked;
