import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync, globSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** Runs the arrow check of the whole tree; answers what it printed and whether it passed. */
function arrows(): { passed: boolean; text: string } {
  const command = ['--config', '.dependency-cruiser.mjs', 'src', 'bench', 'test']
  try {
    const text = execFileSync('npx', ['depcruise', ...command], { encoding: 'utf8' })
    return { passed: true, text }
  } catch (error) {
    return { passed: false, text: String((error as { stdout: unknown }).stdout) }
  }
}

describe('the rooms', () => {
  it('import only what the table of arrows allows', { timeout: 120_000 }, () => {
    expect(arrows()).toMatchObject({ passed: true })
  })

  it('are watched: a domain that reads the disk is found', { timeout: 120_000 }, () => {
    const folder = 'src/domain/tidy-probe'
    mkdirSync(folder)
    try {
      writeFileSync(`${folder}/probe.ts`, "export { readFileSync } from 'node:fs'\n")
      const { passed, text } = arrows()
      expect(passed).toBe(false)
      expect(text).toContain('domain-core')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the domain is pure', () => {
  const banned = ['Date.now', 'new Date()', 'DateTime.now', 'Math.random', 'randomUUID', 'process.']
  for (const file of globSync('src/domain/**/*.ts')) {
    it(`${file} asks no clock, no chance and no environment`, () => {
      const text = readFileSync(file, 'utf8')
      expect(banned.filter((word) => text.includes(word))).toEqual([])
    })
  }
})

describe('nothing is left half done', () => {
  for (const file of globSync(['src/**/*.ts', 'bench/**/*.ts'])) {
    it(`${file} says what it exports`, () => {
      const lines = readFileSync(file, 'utf8').split('\n')
      const bare = lines.flatMap((line, index) => {
        if (!/^export (async )?function/.test(line)) return []
        const above = lines[index - 1] ?? ''
        return above.endsWith('*/') ? [] : [`${index + 1}: ${line}`]
      })
      expect(bare).toEqual([])
    })
  }
})
