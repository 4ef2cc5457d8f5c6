#!/bin/sh
# Runs once, when the database server's volume is empty: the application's role, which is no superuser, and its
# database. The superuser stays with the administrator.
set -eu
psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set=password="$APPLICATION_PASSWORD" <<'SQL'
create role collaborative login nosuperuser nocreaterole nocreatedb nobypassrls password :'password';
create database collaborative owner collaborative;
SQL
