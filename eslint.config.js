import stylistic from '@stylistic/eslint-plugin'
import boundaries from 'eslint-plugin-boundaries'
import tseslint from 'typescript-eslint'

/**
 * Who may import whom, one line a folder of src/ (docs/decisions/0001-import-direction.md). `errors` lies under all;
 * `telemetry` comes in as an argument, so only `main` imports it.
 */
const mayImport = {
  main: ['config', 'telemetry', 'state', 'ng', 'fleet', 'policy', 'calls', 'ingress', 'sip', 'sdp'],
  cli: ['config', 'policy', 'diagnosis', 'sdp'],
  ingress: ['calls', 'sip'],
  calls: ['policy', 'diagnosis', 'sdp', 'fleet', 'state', 'ng'],
  policy: ['sdp', 'ng'],
  diagnosis: ['sdp', 'ng'],
  fleet: ['ng'],
  state: [],
  telemetry: [],
  config: [],
  sip: [],
  sdp: [],
  ng: [],
}

const folders = ['calls', 'policy', 'diagnosis', 'sdp', 'sip', 'fleet', 'state', 'ng', 'telemetry', 'cli']

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.stack/'] },
  ...tseslint.configs.strictTypeChecked,
  stylistic.configs.customize({ indent: 2, quotes: 'single', semi: false, braceStyle: '1tbs', commaDangle: 'always-multiline', arrowParens: true }),
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@stylistic/space-before-function-paren': ['error', 'always'],
      '@stylistic/max-len': ['error', { code: 125, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreUrls: true }],
      '@stylistic/max-statements-per-line': 'off',
      '@stylistic/quote-props': ['error', 'as-needed'],
      '@stylistic/multiline-ternary': 'off',
      '@stylistic/operator-linebreak': ['error', 'before', { overrides: { '=': 'after' } }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: 'only-allowed-literals' }],
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { boundaries },
    settings: {
      'import/resolver': { typescript: { alwaysTryTypes: true } },
      'boundaries/include': ['src/**/*'],
      'boundaries/elements': [
        { type: 'errors', pattern: 'src/errors.ts', mode: 'full' },
        { type: 'main', pattern: 'src/main.ts', mode: 'full' },
        { type: 'config', pattern: 'src/config.ts', mode: 'full' },
        { type: 'ingress', pattern: 'src/ingress/*', capture: ['way'] },
        ...folders.map((type) => ({ type, pattern: `src/${type}` })),
      ],
    },
    rules: {
      'boundaries/no-unknown-files': 'error',
      'boundaries/element-types': ['error', {
        default: 'disallow',
        rules: Object.entries(mayImport).map(([from, allow]) => ({ from, allow: ['errors', ...(from === 'ingress' ? [['ingress', { way: '${from.way}' }]] : [from]), ...allow] })),
      }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'describe', 'it', 'suite'], package: 'node:test' }] }] },
  },
)
