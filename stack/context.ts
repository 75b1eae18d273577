/**
 * Whoever a started program belongs to: what is handed to `after` runs when the owner ends. The TestContext of
 * node:test fits, so a test cleans up by itself; the demo brings its own.
 */
export interface StackContext { after (end: () => Promise<void>): void }
