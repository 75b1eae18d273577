/** What Node runs in a benchmark: ngpilot as it ships, which `npm run build` makes. */
export const built: readonly string[] = ['dist/main.js']
