@echo off
rem Installs the agency's side of the exchange for this Windows account alone.
rem Needs a Python from 3.11 to 3.14, no administrator and no network. Run it again to update.
setlocal
set "HERE=%~dp0"
set "HOME_OF_EDGE=%LOCALAPPDATA%\ExchangeEdge"
set "SHIMS=%LOCALAPPDATA%\Microsoft\WindowsApps"
set "SUITABLE=import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))"

set "PYTHON="
for %%V in (3.13 3.12 3.14 3.11) do call :try py -%%V
call :try python
if not defined PYTHON (
  echo There is no Python from 3.11 to 3.14 for this account.
  echo Install one with "Install Now" for yourself alone, which needs no administrator.
  echo Then run this file again.
  exit /b 1
)

echo Installing into "%HOME_OF_EDGE%" ...
set "INSIDE=%HOME_OF_EDGE%\venv\Scripts"
if not exist "%INSIDE%\python.exe" %PYTHON% -m venv "%HOME_OF_EDGE%\venv"
if not exist "%INSIDE%\python.exe" goto failed
set "PIP=-m pip install --isolated --quiet --disable-pip-version-check --no-index --require-hashes"
"%INSIDE%\python.exe" %PIP% --find-links "%HERE%wheels" -r "%HERE%requirements.txt"
if errorlevel 1 goto failed
"%INSIDE%\exchange.exe" --version
if errorlevel 1 goto failed
if not exist "%SHIMS%" mkdir "%SHIMS%"
echo @"%%LOCALAPPDATA%%\ExchangeEdge\venv\Scripts\exchange.exe" %%*> "%SHIMS%\exchange.cmd"
if errorlevel 1 goto failed
echo Done. Open a new window, and type: exchange edge --help
exit /b 0

:failed
echo.
echo Nothing that worked before was removed. Send the lines above to the operator of the exchange.
exit /b 1

:try
if defined PYTHON exit /b 0
%* -c "%SUITABLE%" >nul 2>&1
if not errorlevel 1 set "PYTHON=%*"
exit /b 0
