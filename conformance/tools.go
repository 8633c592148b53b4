package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// This file installs the checkers that are programs, with exactly the versions
// that the files beside it name. It installs them once for all runs.

//go:embed requirements.txt
var requirements []byte

//go:embed package.json
var packageJSON []byte

//go:embed package-lock.json
var packageLock []byte

// installTimeout bounds an installation; a machine without a network is known as
// such by then.
const installTimeout = 5 * time.Minute

// python returns the interpreter of a virtual environment with scim2-tester.
func python(ctx context.Context, cache string) (string, error) {
	python3, err := exec.LookPath("python3")
	if err != nil {
		return "", skip{"there is no python3"}
	}
	version, err := output(ctx, "", python3, "--version")
	if err != nil {
		return "", skip{"python3 does not run: " + err.Error()}
	}
	dir, err := installed(ctx, cache, "python", [][]byte{requirements, version, []byte(python3)}, func(ctx context.Context, dir string) error {
		if _, err := output(ctx, "", python3, "-m", "venv", dir); err != nil {
			return fmt.Errorf("python3 -m venv: %w", err)
		}
		wanted := filepath.Join(dir, "requirements.txt")
		if err := os.WriteFile(wanted, requirements, 0o600); err != nil {
			return err
		}
		_, err := output(ctx, "", interpreter(dir), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
			"--retries", "1", "--timeout", "20", "--requirement", wanted)
		return err
	})
	return interpreter(dir), err
}

func interpreter(dir string) string { return filepath.Join(dir, "bin", "python") }

// newman returns the program newman.
func newman(ctx context.Context, cache string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", skip{"there is no npm"}
	}
	version, err := output(ctx, "", "node", "--version")
	if err != nil {
		return "", skip{"node does not run: " + err.Error()}
	}
	dir, err := installed(ctx, cache, "node", [][]byte{packageJSON, packageLock, version}, func(ctx context.Context, dir string) error {
		for name, data := range map[string][]byte{"package.json": packageJSON, "package-lock.json": packageLock} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				return err
			}
		}
		_, err := output(ctx, dir, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
			"--fetch-retries=1", "--fetch-timeout=20000")
		return err
	})
	return filepath.Join(dir, "node_modules", ".bin", "newman"), err
}

// installed returns a folder in which install was run for what key says, now or
// in an earlier run. A failure is a [skip].
func installed(ctx context.Context, cache, name string, key [][]byte, install func(ctx context.Context, dir string) error) (string, error) {
	sum := sha256.New()
	for _, part := range key {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	dir := filepath.Join(cache, name+"-"+hex.EncodeToString(sum.Sum(nil))[:16])
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	if err := installInto(ctx, cache, dir, install); err != nil {
		return "", skip{"it could not be installed: " + err.Error()}
	}
	return dir, nil
}

// installInto installs beside dir and renames: dir is whole or not there, also
// when two runs install at once.
func installInto(ctx context.Context, cache, dir string, install func(ctx context.Context, dir string) error) error {
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return err
	}
	attempt, err := os.MkdirTemp(cache, "installing-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(attempt) }()
	if err := install(ctx, attempt); err != nil {
		return err
	}
	err = os.Rename(attempt, dir)
	if _, there := os.Stat(dir); there == nil {
		return nil // by this run or by another
	}
	return err
}

// output runs a program in dir and returns what it prints. An error has the line
// that says most of what it complained about.
func output(ctx context.Context, dir, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(program), err, mainLine(stderr.Bytes(), stdout.Bytes()))
	}
	return stdout.Bytes(), nil
}

// complaint is how the programs that are run begin the line that says what is wrong.
var complaint = regexp.MustCompile(`(?im)^(npm )?error\b.*$`)

// mainLine returns what the first output that says anything complains about, or
// else its last line.
func mainLine(outputs ...[]byte) string {
	for _, out := range outputs {
		if found := complaint.Find(out); found != nil {
			return string(bytes.TrimSpace(found))
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if last := strings.TrimSpace(lines[len(lines)-1]); last != "" {
			return last
		}
	}
	return "it said nothing"
}
