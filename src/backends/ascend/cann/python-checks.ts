// What is wrong with the Python that GE's operator compiler would use. GE starts without it, and some graphs need none: warnings.
import type { Check } from './check.js';
import { isPythonNewEnough, LEAST_PYTHON, type PythonState } from './python.js';

export function pythonChecks(state: PythonState): Check[] {
  const { executable, version, sharedLibrary, missing, failure } = state;
  const base = { area: 'Python', uses: ['build'] } as const;
  const least = LEAST_PYTHON.join('.');
  if (failure !== null) {
    const fix = `Put a python3 of ${least} or newer with a shared libpython first in PATH.`;
    return [{ ...base, code: 'PYTHON_NOT_FOUND', status: 'warning', message: `The operator compiler needs Python: ${failure}.`, fix }];
  }
  const checks: Check[] = [];
  if (!isPythonNewEnough(state)) {
    const message = `The operator compiler needs Python ${least} or newer; ${executable} is ${version}.`;
    checks.push({ ...base, code: 'PYTHON_TOO_OLD', status: 'warning', message, fix: 'Put a newer python3 first in PATH.' });
  }
  if (sharedLibrary === null) {
    const [major, minor] = (version ?? '').split('.');
    checks.push({
      ...base,
      code: 'PYTHON_NOT_SHARED',
      status: 'warning',
      message: `${executable} has no libpython${major}.${minor}.so.1.0 where GE looks for it.`,
      fix: 'Put a python3 with a shared library first in PATH (pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared), or its folder into LD_LIBRARY_PATH.',
    });
  }
  if (missing.length > 0) {
    checks.push({
      ...base,
      code: 'PYTHON_MODULES_MISSING',
      status: 'warning',
      message: `${executable} lacks modules of the operator compiler: ${missing.map((name) => name.replace(/'|==.*/g, '')).join(', ')}.`,
      fix: `python3 -m pip install ${missing.join(' ')}`,
    });
  }
  if (checks.length === 0) {
    checks.push({ ...base, code: 'PYTHON_FOUND', status: 'ok', message: `Python ${version}, ${executable}, with all modules`, fix: null });
  }
  return checks;
}
