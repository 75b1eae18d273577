import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { load } from 'js-yaml'
import { createMetrics } from '../../src/telemetry/metrics.ts'

interface Alerts { groups: { rules: { alert: string, expr: string, annotations: Record<string, string> }[] }[] }

test('alerts speak of metrics, and of their labels, that there are', async () => {
  const { groups } = load(await readFile('prometheus/alerts.yml', 'utf8')) as Alerts
  // The reference is held against the code by `npm run lint`.
  const rows = (await readFile('docs/reference/metrics.md', 'utf8')).split('\n')
  const ofNode = createMetrics().registry.getMetricsAsArray().map(({ name }) => name)
  for (const { alert, expr, annotations } of groups.flatMap(({ rules }) => rules)) {
    for (const [name] of [expr, ...Object.values(annotations)].join('\n').matchAll(/\b(ngpilot|nodejs)_\w+/g)) {
      const base = name.replace(/_bucket$/, '')
      assert.ok(ofNode.includes(base) || rows.some((row) => row.startsWith(`| \`${base}\` `)), `${alert}: no metric ${name}`)
    }
    for (const [, name = '', labels = ''] of expr.matchAll(/\b(ngpilot_\w+)\{([^}]*)\}/g)) {
      const row = rows.find((line) => line.startsWith(`| \`${name}\` `)) ?? ''
      for (const [, label = ''] of labels.matchAll(/(\w+)=/g)) assert.ok(row.includes(`\`${label}\``), `${alert}: ${name} has no ${label}`)
    }
  }
})
