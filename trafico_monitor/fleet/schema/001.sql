-- The fleet's schema. Plain PostgreSQL 15 or later; no session state, so that a pooler in transaction mode will do.
-- Roles (made by fleet/roles): trafico_hub owns everything here; a machine is a LOGIN role of its own and a member of
-- trafico_machine. A machine may insert its own records, upsert its own heartbeat, and read its own row of
-- heartbeats and positions. Every text in these tables is a stranger's.

CREATE TABLE trafico.schema_version (
    version integer PRIMARY KEY,
    package text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Machines by invitation. A name is the name of the machine's role and the CN of its certificate.
CREATE TABLE trafico.machines (
    machine text PRIMARY KEY,
    invited_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    certificate_until timestamptz,
    revoked_at timestamptz
);

-- One row for each record of a machine, exactly once: numbers are unique within a base. `prev` is the number of the
-- record that the machine sent before this one (0: none), so that a hole can be told from an unused number.
-- The key contains `at` because the table is partitioned by it; a record's time never changes.
CREATE TABLE trafico.records (
    machine text NOT NULL DEFAULT current_user,
    base uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    at timestamptz NOT NULL,
    prev bigint NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    event text NOT NULL CHECK (length(event) <= 80),
    priority smallint NOT NULL DEFAULT 6,
    text text NOT NULL CHECK (length(text) <= 16384),
    incident_id text CHECK (incident_id ~ '^[0-9A-Za-z_-]{1,40}$'),
    error_type text CHECK (length(error_type) <= 60),
    estado text CHECK (length(estado) <= 60),
    modelo text CHECK (length(modelo) <= 512),
    video text CHECK (length(video) <= 512),
    opened_at timestamptz,
    closed_at timestamptz,
    body jsonb NOT NULL CHECK (octet_length(body::text) <= 262144),
    PRIMARY KEY (machine, base, seq, at)
) PARTITION BY RANGE (at);

CREATE TABLE trafico.records_other PARTITION OF trafico.records DEFAULT;
CREATE INDEX records_received ON trafico.records (received_at);
CREATE INDEX records_incident ON trafico.records (incident_id, machine, seq) WHERE incident_id IS NOT NULL;

-- The latest state of each incident; kept by a trigger on records. A time here is never later than the server's clock,
-- nor before 1970: a machine whose clock is wrong, or that lies, does not stand above all others.
CREATE TABLE trafico.incidents (
    machine text NOT NULL,
    id text NOT NULL,
    base uuid NOT NULL,
    seq bigint NOT NULL,
    error_type text NOT NULL,
    estado text NOT NULL,
    modelo text NOT NULL,
    video text NOT NULL,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    closed_at timestamptz,
    body jsonb NOT NULL,
    PRIMARY KEY (machine, id)
);
CREATE INDEX incidents_time ON trafico.incidents (opened_at DESC, id DESC, machine DESC);
CREATE INDEX incidents_machine ON trafico.incidents (machine, opened_at DESC, id DESC);
CREATE INDEX incidents_type ON trafico.incidents (error_type, opened_at DESC, id DESC);
CREATE INDEX incidents_estado ON trafico.incidents (estado, opened_at DESC, id DESC);
CREATE INDEX incidents_modelo ON trafico.incidents (modelo, opened_at DESC, id DESC);
CREATE INDEX incidents_open ON trafico.incidents (opened_at DESC, id DESC) WHERE closed_at IS NULL;
CREATE INDEX incidents_id ON trafico.incidents (id text_pattern_ops);

-- Counts for the trends, of the hour (first second since the epoch) in which incidents were opened, and of the day of
-- UTC by machine. The hub alone writes them, by roll_up: rows that many machines wrote would be held by the slowest.
CREATE TABLE trafico.hours (
    hour bigint NOT NULL,
    property text NOT NULL,
    value text NOT NULL,
    number integer NOT NULL,
    PRIMARY KEY (hour, property, value)
);
CREATE TABLE trafico.days (day bigint NOT NULL, machine text NOT NULL, number integer NOT NULL, PRIMARY KEY (day, machine));
CREATE TABLE trafico.hours_to_count (hour bigint PRIMARY KEY);
CREATE TABLE trafico.counted (until timestamptz NOT NULL);

-- What the server has of each base. `missing` counts the holes: records whose predecessor never came.
CREATE TABLE trafico.positions (
    machine text NOT NULL,
    base uuid NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    received bigint NOT NULL,
    missing bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (machine, base)
);

CREATE TABLE trafico.heartbeats (
    machine text PRIMARY KEY DEFAULT current_user,
    base uuid NOT NULL,
    instance uuid NOT NULL,
    host text NOT NULL CHECK (length(host) <= 64),
    sent_at timestamptz NOT NULL,
    body jsonb NOT NULL CHECK (octet_length(body::text) <= 65536),
    -- Below: written by the trigger alone.
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    other_instance uuid,
    other_host text NOT NULL DEFAULT '',
    other_at timestamptz,
    flips integer NOT NULL DEFAULT 0,
    flipped_at timestamptz
);
CREATE INDEX heartbeats_received ON trafico.heartbeats (received_at);

-- An instance that comes back after another one had taken its place is a second machine with the same name.
CREATE FUNCTION trafico.stamp_heartbeat() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.received_at := clock_timestamp();
    IF TG_OP = 'INSERT' THEN
        NEW.other_instance := NULL; NEW.other_host := ''; NEW.other_at := NULL;
        NEW.flips := 0; NEW.flipped_at := NULL;
    ELSE
        NEW.other_instance := OLD.other_instance; NEW.other_host := OLD.other_host; NEW.other_at := OLD.other_at;
        NEW.flips := OLD.flips; NEW.flipped_at := OLD.flipped_at;
        IF NEW.instance <> OLD.instance THEN
            IF NEW.instance = OLD.other_instance THEN
                NEW.flips := OLD.flips + 1; NEW.flipped_at := NEW.received_at;
            END IF;
            NEW.other_instance := OLD.instance; NEW.other_host := OLD.host; NEW.other_at := OLD.received_at;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON trafico.heartbeats
    FOR EACH ROW EXECUTE FUNCTION trafico.stamp_heartbeat();

-- SECURITY DEFINER: a machine may not write these two tables itself. What it adds is of its own name alone, by the
-- policy on records.
CREATE FUNCTION trafico.note_records() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO trafico.positions AS p (machine, base, first_seq, last_seq, received, missing)
        SELECT a.machine, a.base, min(a.seq), max(a.seq), count(*),
            count(*) FILTER (WHERE a.prev > coalesce(a.before, k.last_seq, a.prev))
        FROM (SELECT machine, base, seq, prev, lag(seq) OVER (PARTITION BY machine, base ORDER BY seq) AS before
              FROM added) a
        LEFT JOIN trafico.positions k ON k.machine = a.machine AND k.base = a.base
        GROUP BY a.machine, a.base ORDER BY a.machine, a.base
        ON CONFLICT (machine, base) DO UPDATE SET
            first_seq = least(p.first_seq, excluded.first_seq), last_seq = greatest(p.last_seq, excluded.last_seq),
            received = p.received + excluded.received, missing = p.missing + excluded.missing,
            updated_at = clock_timestamp();
    INSERT INTO trafico.incidents AS i
            (machine, id, base, seq, error_type, estado, modelo, video, opened_at, updated_at, closed_at, body)
        SELECT DISTINCT ON (machine, incident_id) machine, incident_id, base, seq, coalesce(error_type, ''),
            coalesce(estado, ''), coalesce(modelo, ''), coalesce(video, ''),
            greatest(least(coalesce(opened_at, at), now), '1970-01-01Z'), greatest(least(at, now), '1970-01-01Z'),
            CASE WHEN closed_at IS NOT NULL THEN greatest(least(closed_at, now), '1970-01-01Z') END, body
        FROM added, clock_timestamp() now WHERE incident_id IS NOT NULL ORDER BY machine, incident_id, seq DESC
        ON CONFLICT (machine, id) DO UPDATE SET
            base = excluded.base, seq = excluded.seq, error_type = excluded.error_type, estado = excluded.estado,
            modelo = excluded.modelo, video = excluded.video, opened_at = i.opened_at,
            updated_at = excluded.updated_at, closed_at = excluded.closed_at, body = excluded.body
        WHERE i.base <> excluded.base OR i.seq < excluded.seq;
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER INSERT ON trafico.records REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION trafico.note_records();

-- Count the hours anew in which something has changed, the newest first and at most `most` of them; how many are left,
-- NULL while another hub counts. A record is visible at most a minute after its time.
CREATE FUNCTION trafico.roll_up(most integer) RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    now timestamptz := clock_timestamp();
    last timestamptz;
    chosen bigint[];
    touched bigint[];
    one bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7263401151) THEN
        RETURN NULL;
    END IF;
    SELECT max(until) INTO last FROM trafico.counted;
    IF last IS NULL THEN
        INSERT INTO trafico.hours_to_count
            SELECT DISTINCT extract(epoch FROM date_trunc('hour', opened_at, 'UTC'))::bigint FROM trafico.incidents;
    ELSE
        INSERT INTO trafico.hours_to_count
            SELECT DISTINCT extract(epoch FROM date_trunc('hour', i.opened_at, 'UTC'))::bigint
            FROM trafico.records r JOIN trafico.incidents i ON i.machine = r.machine AND i.id = r.incident_id
            WHERE r.received_at > last - interval '1 minute' AND r.received_at <= now
            ON CONFLICT DO NOTHING;
    END IF;
    DELETE FROM trafico.counted;
    INSERT INTO trafico.counted VALUES (now);
    SELECT array_agg(hour), array_agg(DISTINCT hour / 86400 * 86400) INTO chosen, touched
        FROM (SELECT hour FROM trafico.hours_to_count ORDER BY hour DESC LIMIT most) newest;
    IF chosen IS NOT NULL THEN
        DELETE FROM trafico.hours_to_count WHERE hour = ANY (chosen);
        DELETE FROM trafico.hours WHERE hour = ANY (chosen);
        DELETE FROM trafico.days WHERE day = ANY (touched);
        FOREACH one IN ARRAY chosen LOOP  -- one after the other: a join over all of them finds no index
            INSERT INTO trafico.hours
                SELECT one, 'type', error_type || '/' || estado, count(*) FROM trafico.incidents
                WHERE opened_at >= to_timestamp(one) AND opened_at < to_timestamp(one + 3600) GROUP BY 3;
            INSERT INTO trafico.hours
                SELECT one, 'seconds', trafico.coarse(extract(epoch FROM closed_at - opened_at)), count(*)
                FROM trafico.incidents WHERE opened_at >= to_timestamp(one) AND opened_at < to_timestamp(one + 3600)
                    AND estado = 'solucionado' AND closed_at IS NOT NULL GROUP BY 3;
        END LOOP;
        FOREACH one IN ARRAY touched LOOP
            INSERT INTO trafico.days
                SELECT one, machine, count(*) FROM trafico.incidents
                WHERE opened_at >= to_timestamp(one) AND opened_at < to_timestamp(one + 86400) GROUP BY machine;
        END LOOP;
    END IF;
    RETURN (SELECT count(*) FROM trafico.hours_to_count);
END $$;

-- Whole seconds, of two significant digits from 100 on and of a week at most: an hour has few rows then.
CREATE FUNCTION trafico.coarse(seconds numeric) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN whole < 100 THEN whole ELSE round(whole, 2 - length(whole::text)) END::bigint::text
    FROM (SELECT least(604800, greatest(0, round(seconds)))) AS found (whole)
$$;

-- Rights of a machine.
ALTER TABLE trafico.records ENABLE ROW LEVEL SECURITY;
ALTER TABLE trafico.heartbeats ENABLE ROW LEVEL SECURITY;
ALTER TABLE trafico.positions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_records ON trafico.records FOR INSERT TO trafico_machine WITH CHECK (machine = current_user);
CREATE POLICY own_heartbeat ON trafico.heartbeats FOR ALL TO trafico_machine
    USING (machine = current_user) WITH CHECK (machine = current_user);
CREATE POLICY own_position ON trafico.positions FOR SELECT TO trafico_machine USING (machine = current_user);
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA trafico FROM PUBLIC;
GRANT USAGE ON SCHEMA trafico TO trafico_machine;
GRANT SELECT ON trafico.schema_version TO trafico_machine;
GRANT INSERT (base, seq, at, prev, event, priority, text, incident_id, error_type, estado, modelo, video, opened_at,
    closed_at, body) ON trafico.records TO trafico_machine;
GRANT SELECT ON trafico.heartbeats, trafico.positions TO trafico_machine;
GRANT INSERT (base, instance, host, sent_at, body), UPDATE (base, instance, host, sent_at, body)
    ON trafico.heartbeats TO trafico_machine;
