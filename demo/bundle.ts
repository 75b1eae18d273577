import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build, stop } from 'esbuild'

/** The page's files: path → content type and content. The web phone is bundled with JsSIP, which ships no bundle. */
export async function pageFiles (): Promise<Map<string, { type: string, content: string }>> {
  const [html, css, icon, script] = await Promise.all([
    readFile(pathOf('index.html'), 'utf8'), readFile(pathOf('phone.css'), 'utf8'), readFile(pathOf('icon.svg'), 'utf8'),
    bundle(pathOf('phone.ts')),
  ])
  return new Map([
    ['/', { type: 'text/html; charset=utf-8', content: html }],
    ['/phone.css', { type: 'text/css; charset=utf-8', content: css }],
    ['/icon.svg', { type: 'image/svg+xml', content: icon }],
    ['/phone.js', { type: 'text/javascript; charset=utf-8', content: script }],
  ])
}

async function bundle (entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry], bundle: true, write: false, format: 'esm', target: 'es2022', sourcemap: 'inline', logLevel: 'silent',
  })
  await stop() // esbuild keeps a process for the next build; there is none.
  return outputFiles[0]?.text ?? ''
}

function pathOf (name: string): string {
  return fileURLToPath(new URL(`web/${name}`, import.meta.url))
}
