import { defineConfig } from 'eslint/config'
import stylistic from '@stylistic/eslint-plugin'
import tseslint from 'typescript-eslint'

/**
 * Who may import whom: one line a folder of src/, itself always included (docs/decisions/0001-import-direction.md).
 * `errors.ts` lies under all. `telemetry` comes in as an argument, so only `serve.ts` and `service.ts` import it; they
 * wire, so they may import everything, and only `main.ts` imports them.
 */
const mayImport = {
  'ingress/http': ['analyze', 'calls', 'sip'],
  'ingress/evapi': ['calls', 'sip'],
  'ingress/dtmf': ['calls', 'ng'],
  'ingress/ng': ['calls', 'sip', 'ng'],
  calls: ['policy', 'diagnosis', 'sdp', 'fleet', 'state', 'ng'],
  diagnosis: ['ng'],
  policy: ['sdp', 'ng'],
  fleet: ['ng'],
  analyze: ['sdp', 'sip'],
  cli: ['analyze', 'calls', 'diagnosis', 'fleet', 'policy', 'ng', 'sip', 'sdp'],
  state: [],
  telemetry: [],
  sip: [],
  sdp: [],
  ng: [],
}

const folders = Object.keys(mayImport)

const importDirection = Object.entries(mayImport).map(([folder, allowed]) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: [{
        group: ['**/main.ts', '**/serve.ts', ...folders.filter((other) => other !== folder && !allowed.includes(other)).map((other) => `**/${other}/**`)],
        message: `src/${folder} may import only: ${['errors.ts', 'config.ts (types)', ...allowed].join(', ')}.`,
      }],
    }],
  },
}))

export default defineConfig(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.stack/'] },
  tseslint.configs.strictTypeChecked,
  stylistic.configs.customize({
    indent: 2, quotes: 'single', semi: false, braceStyle: '1tbs', commaDangle: 'always-multiline', arrowParens: true,
  }),
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js', 'scripts/prepare.mjs'] }, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@stylistic/space-before-function-paren': ['error', 'always'],
      '@stylistic/max-len': ['error', {
        code: 125, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreUrls: true,
      }],
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
  ...importDirection,
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': ['error', {
        allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'describe', 'it', 'suite'], package: 'node:test' }],
      }],
    },
  },
)
