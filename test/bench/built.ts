/** What Node runs in a benchmark: ngpilot as it ships. `npm run build` makes it, and every npm script of a benchmark does. */
export const built: readonly string[] = ['dist/main.js']
