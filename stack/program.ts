/**
 * What Node runs as ngpilot: the source, by way of tsx, or what the variable names. `npm test` builds first and names
 * `dist/main.js`, which loads in half the time: the tests start ngpilot some 300 times.
 */
export const program: readonly string[] = process.env.NGPILOT_TEST_PROGRAM
  ? [process.env.NGPILOT_TEST_PROGRAM]
  : ['--import', 'tsx', 'src/main.ts']
