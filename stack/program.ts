/**
 * What Node runs as ngpilot: the source, by way of tsx, or what the variable names. `npm test` builds first and names
 * `dist/main.js`: until it is ready that takes 3.7 s of CPU instead of 6.5 on a busy machine, for each ngpilot of the tests.
 */
export const program: readonly string[] = process.env.NGPILOT_TEST_PROGRAM
  ? [process.env.NGPILOT_TEST_PROGRAM]
  : ['--import', 'tsx', 'src/main.ts']
