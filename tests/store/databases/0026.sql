--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: accounts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.accounts (
    id bigint NOT NULL,
    merchant_id text NOT NULL,
    marketplace_id text NOT NULL,
    refresh_token text DEFAULT ''::text NOT NULL,
    stopped text DEFAULT ''::text NOT NULL
);


--
-- Name: accounts_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: accounts_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.accounts_id_seq OWNED BY public.accounts.id;


--
-- Name: alarms; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alarms (
    no bigint NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    remedy text NOT NULL,
    since text NOT NULL,
    recovered_at text,
    told integer DEFAULT 0 NOT NULL
);


--
-- Name: alarms_no_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.alarms_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: alarms_no_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.alarms_no_seq OWNED BY public.alarms.no;


--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: api_tokens; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.api_tokens (
    id bigint NOT NULL,
    seller_id bigint NOT NULL,
    label text NOT NULL,
    token_hash text NOT NULL,
    hint text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    created_at text NOT NULL,
    used_at text,
    scopes text DEFAULT 'read upload manage'::text NOT NULL,
    expires_at text,
    networks text DEFAULT ''::text NOT NULL
);


--
-- Name: api_tokens_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.api_tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: api_tokens_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.api_tokens_id_seq OWNED BY public.api_tokens.id;


--
-- Name: audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit (
    id bigint NOT NULL,
    at text NOT NULL,
    event text NOT NULL,
    seller text NOT NULL,
    address text NOT NULL,
    door text NOT NULL,
    client text NOT NULL,
    name text NOT NULL,
    upload_id text NOT NULL,
    size bigint,
    detail text NOT NULL,
    times integer NOT NULL
);


--
-- Name: audit_exports; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_exports (
    target text NOT NULL,
    last_id bigint NOT NULL,
    exported_at text NOT NULL
);


--
-- Name: audit_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: audit_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.audit_id_seq OWNED BY public.audit.id;


--
-- Name: beats; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.beats (
    who text NOT NULL,
    at text NOT NULL
);


--
-- Name: buckets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.buckets (
    account_id bigint NOT NULL,
    operation text NOT NULL,
    arrival double precision NOT NULL
);


--
-- Name: cases; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cases (
    about text NOT NULL,
    assignee text DEFAULT ''::text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    changed_at text NOT NULL
);


--
-- Name: claims; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.claims (
    account_id bigint NOT NULL,
    amazon_order_id text NOT NULL,
    order_item_id text NOT NULL,
    tracking text NOT NULL,
    quantity integer,
    upload_id text NOT NULL,
    line integer NOT NULL,
    corrected_by text DEFAULT ''::text NOT NULL,
    package integer DEFAULT 1 NOT NULL,
    told integer DEFAULT 0 NOT NULL,
    accepted integer DEFAULT 0 NOT NULL,
    refused integer DEFAULT 0 NOT NULL,
    unknown integer DEFAULT 0 NOT NULL,
    cancelled integer DEFAULT 0 NOT NULL,
    refused_by text DEFAULT ''::text NOT NULL
);


--
-- Name: connections; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.connections (
    id text NOT NULL,
    process text NOT NULL,
    seller text NOT NULL,
    door text NOT NULL,
    address text NOT NULL,
    client text NOT NULL,
    since text NOT NULL,
    busy boolean NOT NULL,
    close_asked boolean DEFAULT false NOT NULL
);


--
-- Name: deeds; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deeds (
    id bigint NOT NULL,
    at text NOT NULL,
    who text NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    what text NOT NULL,
    about text NOT NULL,
    detail text DEFAULT ''::text NOT NULL,
    token text DEFAULT ''::text NOT NULL
);


--
-- Name: deeds_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.deeds_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: deeds_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.deeds_id_seq OWNED BY public.deeds.id;


--
-- Name: feeds; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.feeds (
    no bigint NOT NULL,
    account_id bigint NOT NULL,
    cause text NOT NULL,
    state text NOT NULL,
    opened_at text NOT NULL,
    line_count integer DEFAULT 0 NOT NULL,
    message_count integer DEFAULT 0 NOT NULL,
    document_id text DEFAULT ''::text NOT NULL,
    intent_at text,
    amazon_feed_id text,
    submitted_at text,
    report_document_id text DEFAULT ''::text NOT NULL,
    settled_at text,
    note text DEFAULT ''::text NOT NULL,
    wake boolean DEFAULT false NOT NULL,
    kind text DEFAULT 'fulfillment'::text NOT NULL,
    document_sha256 text DEFAULT ''::text NOT NULL,
    report_sha256 text DEFAULT ''::text NOT NULL,
    ended text DEFAULT ''::text NOT NULL,
    ended_at text,
    refused_at text,
    parent bigint,
    root bigint,
    tries integer DEFAULT 0 NOT NULL,
    document_at text,
    orders_since text,
    strangers text DEFAULT ''::text NOT NULL,
    looks integer DEFAULT 0 NOT NULL,
    order_looks integer DEFAULT 0 NOT NULL,
    order_place integer DEFAULT 0 NOT NULL,
    resumed integer DEFAULT 0 NOT NULL,
    offered boolean DEFAULT false NOT NULL
);


--
-- Name: feeds_no_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.feeds_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: feeds_no_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.feeds_no_seq OWNED BY public.feeds.no;


--
-- Name: guard; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.guard (
    kind text NOT NULL,
    who text NOT NULL,
    score double precision NOT NULL,
    scored_at double precision NOT NULL,
    until double precision DEFAULT '0'::double precision NOT NULL,
    bans integer DEFAULT 0 NOT NULL
);


--
-- Name: handed_in; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.handed_in (
    seller_id bigint NOT NULL,
    key text NOT NULL,
    digest text NOT NULL,
    upload_id text NOT NULL,
    at text NOT NULL
);


--
-- Name: hook_calls; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.hook_calls (
    no bigint NOT NULL,
    hook_id bigint NOT NULL,
    key text NOT NULL,
    event text NOT NULL,
    body text NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at text NOT NULL,
    answer text DEFAULT ''::text NOT NULL,
    created_at text NOT NULL,
    ended_at text
);


--
-- Name: hook_calls_no_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.hook_calls_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: hook_calls_no_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.hook_calls_no_seq OWNED BY public.hook_calls.no;


--
-- Name: hooks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.hooks (
    id bigint NOT NULL,
    seller_id bigint,
    url text NOT NULL,
    secret text NOT NULL,
    events text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    why_disabled text DEFAULT ''::text NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    failing_since text,
    rests_until text DEFAULT ''::text NOT NULL,
    last_answer text DEFAULT ''::text NOT NULL,
    called_at text,
    created_at text NOT NULL
);


--
-- Name: hooks_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.hooks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: hooks_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.hooks_id_seq OWNED BY public.hooks.id;


--
-- Name: lines; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.lines (
    upload_id text NOT NULL,
    line integer NOT NULL,
    account_id bigint NOT NULL,
    order_id text NOT NULL,
    order_item_id text NOT NULL,
    tracking text NOT NULL,
    verdict text NOT NULL,
    code text NOT NULL,
    message text NOT NULL,
    shipment text,
    feed_no bigint,
    message_id integer,
    amazon_order_id text DEFAULT ''::text NOT NULL,
    seen_at text,
    kind text DEFAULT 'fulfillment'::text NOT NULL,
    replaced_by text
);


--
-- Name: mail_notes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.mail_notes (
    key text NOT NULL,
    topic text NOT NULL,
    about text NOT NULL,
    detail text DEFAULT ''::text NOT NULL,
    noted_at text NOT NULL,
    told_at text
);


--
-- Name: mails; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.mails (
    no bigint NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    seller_id bigint,
    order_no bigint,
    recipient text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    html text NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at text NOT NULL,
    error text DEFAULT ''::text NOT NULL,
    created_at text NOT NULL,
    sent_at text
);


--
-- Name: mails_no_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.mails_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: mails_no_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.mails_no_seq OWNED BY public.mails.no;


--
-- Name: order_history; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.order_history (
    id bigint NOT NULL,
    order_no bigint NOT NULL,
    at text NOT NULL,
    who text NOT NULL,
    state text NOT NULL,
    what text NOT NULL,
    upload_id text DEFAULT ''::text NOT NULL,
    line integer,
    before text DEFAULT ''::text NOT NULL
);


--
-- Name: order_history_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.order_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: order_history_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.order_history_id_seq OWNED BY public.order_history.id;


--
-- Name: order_kept; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.order_kept (
    order_no bigint NOT NULL,
    order_item_id text NOT NULL,
    tracking text NOT NULL,
    carrier_code text NOT NULL,
    carrier_name text NOT NULL,
    upload_id text NOT NULL
);


--
-- Name: order_lines; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.order_lines (
    order_no bigint NOT NULL,
    order_item_id text NOT NULL,
    sku text DEFAULT ''::text NOT NULL,
    item_name text DEFAULT ''::text NOT NULL,
    quantity integer,
    price text DEFAULT ''::text NOT NULL,
    total_price text DEFAULT ''::text NOT NULL,
    shipping_fee text DEFAULT ''::text NOT NULL
);


--
-- Name: order_people; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.order_people (
    order_no bigint NOT NULL,
    cells text NOT NULL
);


--
-- Name: orders; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.orders (
    no bigint NOT NULL,
    account_id bigint NOT NULL,
    amazon_order_id text NOT NULL,
    number text,
    reference text DEFAULT ''::text NOT NULL,
    state text NOT NULL,
    purchase_date text DEFAULT ''::text NOT NULL,
    payments_date text DEFAULT ''::text NOT NULL,
    latest_ship_date text DEFAULT ''::text NOT NULL,
    ship_method text DEFAULT ''::text NOT NULL,
    sales_channel text DEFAULT ''::text NOT NULL,
    tracking_number text DEFAULT ''::text NOT NULL,
    location text DEFAULT ''::text NOT NULL,
    created_at text NOT NULL,
    changed_at text NOT NULL,
    shipped_at text,
    listed_at text DEFAULT ''::text NOT NULL,
    own_ship_method text DEFAULT ''::text NOT NULL,
    settled_at text DEFAULT ''::text NOT NULL,
    version integer DEFAULT 0 NOT NULL,
    made_by text DEFAULT ''::text NOT NULL
);


--
-- Name: orders_no_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.orders_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: orders_no_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.orders_no_seq OWNED BY public.orders.no;


--
-- Name: profiles; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.profiles (
    seller_id bigint NOT NULL,
    name text NOT NULL,
    text text NOT NULL,
    changed_at text NOT NULL
);


--
-- Name: pulls; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.pulls (
    no bigint NOT NULL,
    account_id bigint NOT NULL,
    state text NOT NULL,
    asked_at text NOT NULL,
    report_id text DEFAULT ''::text NOT NULL,
    next_at text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    done_at text,
    outcome text DEFAULT '{}'::text NOT NULL,
    note text DEFAULT ''::text NOT NULL
);


--
-- Name: pulls_no_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.pulls_no_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: pulls_no_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.pulls_no_seq OWNED BY public.pulls.no;


--
-- Name: quiet_lines; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.quiet_lines (
    upload_id text NOT NULL,
    line integer NOT NULL
);


--
-- Name: seller_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.seller_keys (
    seller_id bigint NOT NULL,
    fingerprint text NOT NULL,
    key text NOT NULL,
    comment text DEFAULT ''::text NOT NULL,
    added_at text NOT NULL
);


--
-- Name: sellers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sellers (
    id bigint NOT NULL,
    name text NOT NULL,
    account_id bigint NOT NULL,
    password_hash text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    removed_at text,
    policy text DEFAULT '{}'::text NOT NULL,
    created_at text NOT NULL,
    clear_password_hash text,
    expires_at text,
    networks text DEFAULT ''::text NOT NULL,
    allowance text DEFAULT '{}'::text NOT NULL,
    mailing text DEFAULT '{}'::text NOT NULL,
    totp_secret text DEFAULT ''::text NOT NULL,
    totp_last bigint DEFAULT '0'::bigint NOT NULL
);


--
-- Name: sellers_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.sellers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: sellers_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.sellers_id_seq OWNED BY public.sellers.id;


--
-- Name: sightings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sightings (
    account_id bigint NOT NULL,
    amazon_order_id text NOT NULL,
    since text NOT NULL,
    state text NOT NULL,
    look_at text,
    looks integer DEFAULT 0 NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    looked_at text,
    shown text DEFAULT ''::text NOT NULL,
    rank integer DEFAULT 4 NOT NULL,
    absent integer DEFAULT 0 NOT NULL,
    absent_since text
);


--
-- Name: tallies; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tallies (
    upload_id text NOT NULL,
    verdict text NOT NULL,
    code text NOT NULL,
    line_count integer NOT NULL
);


--
-- Name: uploads; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.uploads (
    id text NOT NULL,
    seller_id bigint NOT NULL,
    account_id bigint NOT NULL,
    folder text NOT NULL,
    name text NOT NULL,
    door text NOT NULL,
    client text NOT NULL,
    grade text NOT NULL,
    evidence text NOT NULL,
    arrived_at text NOT NULL,
    size bigint NOT NULL,
    state text NOT NULL,
    sha256 text DEFAULT ''::text NOT NULL,
    outcome text DEFAULT '{}'::text NOT NULL,
    line_count integer DEFAULT 0 NOT NULL,
    waiting integer DEFAULT 0 NOT NULL,
    done_at text,
    releases integer DEFAULT 0 NOT NULL,
    answered_at text
);


--
-- Name: user_tokens; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.user_tokens (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    label text NOT NULL,
    token_hash text NOT NULL,
    hint text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    created_at text NOT NULL,
    used_at text,
    scopes text DEFAULT 'read manage'::text NOT NULL,
    expires_at text,
    networks text DEFAULT ''::text NOT NULL
);


--
-- Name: user_tokens_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.user_tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: user_tokens_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.user_tokens_id_seq OWNED BY public.user_tokens.id;


--
-- Name: users; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users (
    id bigint NOT NULL,
    name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    totp_secret text DEFAULT ''::text NOT NULL,
    totp_last bigint DEFAULT '0'::bigint NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at text NOT NULL
);


--
-- Name: users_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: users_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;


--
-- Name: web_sessions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.web_sessions (
    token_hash text NOT NULL,
    user_id bigint,
    seller_id bigint,
    version integer NOT NULL,
    second_due boolean DEFAULT false NOT NULL,
    csrf text NOT NULL,
    address text NOT NULL,
    created_at text NOT NULL,
    seen_at text NOT NULL,
    agent text DEFAULT ''::text NOT NULL
);


--
-- Name: accounts id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.accounts ALTER COLUMN id SET DEFAULT nextval('public.accounts_id_seq'::regclass);


--
-- Name: alarms no; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alarms ALTER COLUMN no SET DEFAULT nextval('public.alarms_no_seq'::regclass);


--
-- Name: api_tokens id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_tokens ALTER COLUMN id SET DEFAULT nextval('public.api_tokens_id_seq'::regclass);


--
-- Name: audit id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit ALTER COLUMN id SET DEFAULT nextval('public.audit_id_seq'::regclass);


--
-- Name: deeds id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deeds ALTER COLUMN id SET DEFAULT nextval('public.deeds_id_seq'::regclass);


--
-- Name: feeds no; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.feeds ALTER COLUMN no SET DEFAULT nextval('public.feeds_no_seq'::regclass);


--
-- Name: hook_calls no; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.hook_calls ALTER COLUMN no SET DEFAULT nextval('public.hook_calls_no_seq'::regclass);


--
-- Name: hooks id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.hooks ALTER COLUMN id SET DEFAULT nextval('public.hooks_id_seq'::regclass);


--
-- Name: mails no; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mails ALTER COLUMN no SET DEFAULT nextval('public.mails_no_seq'::regclass);


--
-- Name: order_history id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_history ALTER COLUMN id SET DEFAULT nextval('public.order_history_id_seq'::regclass);


--
-- Name: orders no; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.orders ALTER COLUMN no SET DEFAULT nextval('public.orders_no_seq'::regclass);


--
-- Name: pulls no; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pulls ALTER COLUMN no SET DEFAULT nextval('public.pulls_no_seq'::regclass);


--
-- Name: sellers id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sellers ALTER COLUMN id SET DEFAULT nextval('public.sellers_id_seq'::regclass);


--
-- Name: user_tokens id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_tokens ALTER COLUMN id SET DEFAULT nextval('public.user_tokens_id_seq'::regclass);


--
-- Name: users id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);


--
-- Data for Name: accounts; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.accounts (id, merchant_id, marketplace_id, refresh_token, stopped) FROM stdin;
1	M1	ATVPDKIKX0DER		
\.


--
-- Data for Name: alarms; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.alarms (no, key, kind, text, remedy, since, recovered_at, told) FROM stdin;
1	disk:bytes	disk	the disk runs short	Make room.	2026-11-22T12:00:00.000Z	\N	0
\.


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.alembic_version (version_num) FROM stdin;
0026
\.


--
-- Data for Name: api_tokens; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.api_tokens (id, seller_id, label, token_hash, hint, enabled, created_at, used_at, scopes, expires_at, networks) FROM stdin;
1	1	stock	2f6751d620ce08f0e8da9a3f3e15efb3ca3fdf17a77866c42ce53a2de2b79268	cwsfd_36pm	t	2026-11-22T12:00:00.000Z	\N	read upload manage	\N	
\.


--
-- Data for Name: audit; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.audit (id, at, event, seller, address, door, client, name, upload_id, size, detail, times) FROM stdin;
1	2026-11-22T12:00:00.000Z	login	anna	192.0.2.7	sftp	WinSCP			\N		1
\.


--
-- Data for Name: audit_exports; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.audit_exports (target, last_id, exported_at) FROM stdin;
syslog	1	2026-11-22T12:00:00.000Z
\.


--
-- Data for Name: beats; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.beats (who, at) FROM stdin;
worker	2026-11-22T12:00:00.000Z
\.


--
-- Data for Name: buckets; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.buckets (account_id, operation, arrival) FROM stdin;
1	createFeed	1795356000
\.


--
-- Data for Name: cases; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.cases (about, assignee, note, changed_at) FROM stdin;
x	olga	asked the seller	2026-11-22T12:00:00.000Z
\.


--
-- Data for Name: claims; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.claims (account_id, amazon_order_id, order_item_id, tracking, quantity, upload_id, line, corrected_by, package, told, accepted, refused, unknown, cancelled, refused_by) FROM stdin;
1	026-1520163-0000002	01234567890124	Y0000002K	2	20261129-131423-2t7w	3		1	2	0	2	0	0	20261129-131423-2t7w 3
1	026-1520163-0000005		Y0000005K	\N	20261129-131424-ewjj	2		1	1	0	0	0	0	
1	026-1520163-6049104	01234567890123	Y0000001K	1	20261129-131423-2t7w	2		1	1	1	0	0	0	
1	026-1520163-6049104	01234567890123	Y0000004K	1	20261129-131423-encr	3		2	1	1	0	0	0	
\.


--
-- Data for Name: connections; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.connections (id, process, seller, door, address, client, since, busy, close_asked) FROM stdin;
c1	doors on ship1	anna	sftp	192.0.2.7	WinSCP	2026-11-22T12:00:00.000Z	f	f
\.


--
-- Data for Name: deeds; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.deeds (id, at, who, address, what, about, detail, token) FROM stdin;
1	2026-11-22T12:00:00.000Z	olga	192.0.2.7	upload.release	x	held	
\.


--
-- Data for Name: feeds; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.feeds (no, account_id, cause, state, opened_at, line_count, message_count, document_id, intent_at, amazon_feed_id, submitted_at, report_document_id, settled_at, note, wake, kind, document_sha256, report_sha256, ended, ended_at, refused_at, parent, root, tries, document_at, orders_since, strangers, looks, order_looks, order_place, resumed, offered) FROM stdin;
1	1	t2026-11-22 12:00:00+00:00	settled	2026-11-22T12:00:00.000Z	3	3		\N	F1	2026-11-22T12:00:00.000Z		2026-11-22T12:02:00.000Z		f	fulfillment				\N	\N	\N	\N	0	\N	\N		0	0	0	0	f
2	1	t2026-11-22 13:00:00+00:00	submitted	2026-11-22T13:00:00.000Z	1	1		\N	F2	2026-11-22T13:00:00.000Z		\N		f	acknowledgement				\N	\N	\N	\N	0	\N	\N		0	0	0	0	f
3	1	t2026-11-22 14:00:00+00:00	filled	2026-11-22T14:00:00.000Z	1	1		\N	\N	\N		\N		f	fulfillment				\N	\N	\N	\N	0	\N	\N		0	0	0	0	f
\.


--
-- Data for Name: guard; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.guard (kind, who, score, scored_at, until, bans) FROM stdin;
address	192.0.2.9	3	1795348800	0	0
\.


--
-- Data for Name: handed_in; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.handed_in (seller_id, key, digest, upload_id, at) FROM stdin;
1	key-1	0000000000000000000000000000000000000000000000000000000000000000		2026-11-22T12:00:00.000Z
\.


--
-- Data for Name: hook_calls; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.hook_calls (no, hook_id, key, event, body, state, attempts, next_at, answer, created_at, ended_at) FROM stdin;
1	1	upload:x	upload.received	{}	queued	0	2026-11-22T12:00:00.000Z		2026-11-22T12:00:00.000Z	\N
\.


--
-- Data for Name: hooks; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.hooks (id, seller_id, url, secret, events, enabled, why_disabled, failures, failing_since, rests_until, last_answer, called_at, created_at) FROM stdin;
1	1	https://example.com/hook	whsec_c2VjcmV0	upload.received upload.answered order.unconfirmed	t		0	\N			\N	2026-11-22T12:00:00.000Z
\.


--
-- Data for Name: lines; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.lines (upload_id, line, account_id, order_id, order_item_id, tracking, verdict, code, message, shipment, feed_no, message_id, amazon_order_id, seen_at, kind, replaced_by) FROM stdin;
20261129-131423-2t7w	2	1	026-1520163-6049104	01234567890123	Y0000001K	confirmed		Amazon accepted it	v1026-1520163-60491040123456789012312026-11-22T12:00:00ZYodelStandardY0000001K	1	1	026-1520163-6049104	\N	fulfillment	\N
20261129-131423-2t7w	3	1	026-1520163-0000002	01234567890124	Y0000002K	unconfirmed	A-18028	Your order cannot be found	v1026-1520163-00000020123456789012422026-11-22T12:00:00ZYodelStandardY0000002K	1	2	026-1520163-0000002	\N	fulfillment	\N
20261129-131423-2t7w	4	1	4711			rejected	O03	"4711" is not an Amazon order number, and we know no order of yours by that name.	\N	\N	\N	4711	\N	fulfillment	\N
20261129-131423-encr	2	1	026-1520163-0000003		Y0000003K	updated		The order is noted as packed. Amazon is told nothing before it is shipped; the tracking number is kept for the time when it is shipped.	\N	\N	\N	026-1520163-0000003	\N	fulfillment	\N
20261129-131423-encr	3	1	026-1520163-6049104	01234567890123	Y0000004K	confirmed		Amazon accepted it	v1026-1520163-60491040123456789012312026-11-22T12:00:00ZYodelStandardY0000004K	1	3	026-1520163-6049104	\N	fulfillment	\N
20261129-131424-8kt3	2	1	026-1520163-0000004			sent			v1026-1520163-0000004NoInventory01234567890123	2	1	026-1520163-0000004	\N	acknowledgement	\N
20261129-131424-ewjj	2	1	026-1520163-0000005		Y0000005K	queued			v1026-1520163-00000052026-11-22T12:00:00ZYodelStandardY0000005K	3	1	026-1520163-0000005	\N	fulfillment	\N
\.


--
-- Data for Name: mail_notes; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.mail_notes (key, topic, about, detail, noted_at, told_at) FROM stdin;
upload:x:answered	answered	x		2026-11-22T12:00:00.000Z	2026-11-22T12:00:00.000Z
\.


--
-- Data for Name: mails; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.mails (no, key, kind, seller_id, order_no, recipient, subject, text, html, state, attempts, next_at, error, created_at, sent_at) FROM stdin;
1	x:anna	upload	1	\N	anna@example.com	s	t	h	queued	0	2026-11-22T12:00:00.000Z		2026-11-22T12:00:00.000Z	\N
\.


--
-- Data for Name: order_history; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.order_history (id, order_no, at, who, state, what, upload_id, line, before) FROM stdin;
1	1	2026-11-22T12:00:00.000Z	import	new	imported		\N	
2	2	2026-11-22T12:00:00.000Z	import	new	imported		\N	
3	3	2026-11-22T12:00:00.000Z	import	new	imported		\N	
4	4	2026-11-22T12:00:00.000Z	import	new	imported		\N	
5	5	2026-11-22T12:00:00.000Z	import	new	imported		\N	
6	1	2026-11-22T12:00:00.000Z	seller	partly shipped	shipped with Y0000001K	20261129-131423-2t7w	2	new
7	2	2026-11-22T12:00:00.000Z	seller	shipped	shipped with Y0000002K	20261129-131423-2t7w	3	new
8	3	2026-11-22T12:00:00.000Z	seller	packed	packed with Y0000003K	20261129-131423-encr	2	new
9	1	2026-11-22T12:00:00.000Z	seller	shipped	shipped with Y0000004K	20261129-131423-encr	3	partly shipped
10	2	2026-11-22T12:02:00.000Z	amazon	unconfirmed	refused: A-18028: Your order cannot be found	20261129-131423-2t7w	3	shipped
11	4	2026-11-22T12:00:00.000Z	seller	cancelled	cancelled	20261129-131424-8kt3	2	new
12	5	2026-11-22T12:00:00.000Z	seller	shipped	shipped with Y0000005K	20261129-131424-ewjj	2	new
\.


--
-- Data for Name: order_kept; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.order_kept (order_no, order_item_id, tracking, carrier_code, carrier_name, upload_id) FROM stdin;
3		Y0000003K	Yodel		20261129-131423-encr
\.


--
-- Data for Name: order_lines; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.order_lines (order_no, order_item_id, sku, item_name, quantity, price, total_price, shipping_fee) FROM stdin;
1	01234567890123	BLUE-MUG		2			
2	01234567890124	BLUE-MUG		2			
3	01234567890123	BLUE-MUG		2			
4	01234567890123	BLUE-MUG		2			
5	01234567890123	BLUE-MUG		2			
\.


--
-- Data for Name: order_people; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.order_people (order_no, cells) FROM stdin;
1	{"buyer_name": "Buyer Byer", "ship_address_1": "1 Any Lane"}
2	{"buyer_name": "Buyer Byer", "ship_address_1": "1 Any Lane"}
3	{"buyer_name": "Buyer Byer", "ship_address_1": "1 Any Lane"}
4	{"buyer_name": "Buyer Byer", "ship_address_1": "1 Any Lane"}
5	{"buyer_name": "Buyer Byer", "ship_address_1": "1 Any Lane"}
\.


--
-- Data for Name: orders; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.orders (no, account_id, amazon_order_id, number, reference, state, purchase_date, payments_date, latest_ship_date, ship_method, sales_channel, tracking_number, location, created_at, changed_at, shipped_at, listed_at, own_ship_method, settled_at, version, made_by) FROM stdin;
1	1	026-1520163-6049104	\N		shipped	2026-11-20T10:00:00.000Z			Standard		Y0000004K		2026-11-22T12:00:00.000Z	2026-11-22T12:00:00.000Z	2026-11-22T12:00:00.000Z				2	
2	1	026-1520163-0000002	\N		unconfirmed	2026-11-20T10:00:00.000Z			Standard		Y0000002K		2026-11-22T12:00:00.000Z	2026-11-22T12:02:00.000Z	2026-11-22T12:00:00.000Z				2	
3	1	026-1520163-0000003	\N		packed	2026-11-20T10:00:00.000Z			Standard		Y0000003K		2026-11-22T12:00:00.000Z	2026-11-22T12:00:00.000Z	\N				1	
4	1	026-1520163-0000004	\N		cancelled	2026-11-20T10:00:00.000Z			Standard				2026-11-22T12:00:00.000Z	2026-11-22T12:00:00.000Z	\N				1	
5	1	026-1520163-0000005	\N		shipped	2026-11-20T10:00:00.000Z			Standard		Y0000005K		2026-11-22T12:00:00.000Z	2026-11-22T12:00:00.000Z	2026-11-22T12:00:00.000Z				1	
\.


--
-- Data for Name: profiles; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.profiles (seller_id, name, text, changed_at) FROM stdin;
1	shop	[columns]\norder-id = "Order"\ntracking = "Parcel"\n[constants]\ncarrier = "UPS"\n	2026-11-22T12:00:00.000Z
\.


--
-- Data for Name: pulls; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.pulls (no, account_id, state, asked_at, report_id, next_at, tries, done_at, outcome, note) FROM stdin;
1	1	done	2026-11-22T12:00:00.000Z		2026-11-22T12:00:00.000Z	0	2026-11-22T12:00:00.000Z	{"lines": 5}	5 orders
\.


--
-- Data for Name: quiet_lines; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.quiet_lines (upload_id, line) FROM stdin;
20261129-131423-encr	3
\.


--
-- Data for Name: seller_keys; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.seller_keys (seller_id, fingerprint, key, comment, added_at) FROM stdin;
1	SHA256:UCUiLr7Pjs9wFFJMDByLgc3NrtdU344OgUM45wZPcIQ	ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti	anna@desk	2026-11-22T12:00:00.000Z
\.


--
-- Data for Name: sellers; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.sellers (id, name, account_id, password_hash, version, enabled, removed_at, policy, created_at, clear_password_hash, expires_at, networks, allowance, mailing, totp_secret, totp_last) FROM stdin;
1	anna	1	h	1	t	\N	{"cancel_at_amazon": true}	2026-11-22T12:00:00.000Z	\N	\N		{}	{}		0
\.


--
-- Data for Name: sightings; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.sightings (account_id, amazon_order_id, since, state, look_at, looks, note, looked_at, shown, rank, absent, absent_since) FROM stdin;
1	026-1520163-6049104	2026-11-22T12:02:00.000Z	awaited	2026-11-22T12:32:00.000Z	0		\N		4	0	\N
\.


--
-- Data for Name: tallies; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.tallies (upload_id, verdict, code, line_count) FROM stdin;
20261129-131423-2t7w	queued		2
20261129-131423-2t7w	rejected	O03	1
20261129-131423-encr	queued		1
20261129-131423-encr	updated		1
20261129-131424-8kt3	queued		1
20261129-131424-ewjj	queued		1
\.


--
-- Data for Name: uploads; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.uploads (id, seller_id, account_id, folder, name, door, client, grade, evidence, arrived_at, size, state, sha256, outcome, line_count, waiting, done_at, releases, answered_at) FROM stdin;
20261129-131423-2t7w	1	1	inbox	1.txt	ftp	127.0.0.1	whole		2026-11-22T12:00:00.000Z	212	done	69c38532792c6c020fbbf1c22a33c002a99287ac9c7b9a2fda1d50254c72264f	{"format": "fillz-confirmation", "encoding": "UTF-8", "line_ends": "LF", "packed": "", "notes": [], "file_issues": [], "counts": {"queued": 2, "rejected": 1}, "codes": {"O03": 1}, "first_issues": [{"line": 4, "code": "O03", "severity": "error", "column": "order-id", "value": "4711", "message": "\\"4711\\" is not an Amazon order number, and we know no order of yours by that name.", "remedy": "Use the Amazon order number, such as 026-1520163-6049104."}], "remarks": []}	3	0	2026-11-22T12:02:00.000Z	0	2026-11-22T12:00:00.000Z
20261129-131423-encr	1	1	inbox	2.txt	ftp	127.0.0.1	whole		2026-11-22T12:00:00.000Z	191	done	279b49d042fcf152a1bdad64663272e84d9a06ec11b6653c3c4125ff0a75bd71	{"format": "fillz-confirmation", "encoding": "UTF-8", "line_ends": "LF", "packed": "", "notes": [], "file_issues": [], "counts": {"updated": 1, "queued": 1}, "codes": {}, "first_issues": [], "remarks": []}	2	0	2026-11-22T12:02:00.000Z	0	2026-11-22T12:00:00.000Z
20261129-131424-8kt3	1	1	inbox	3.txt	ftp	127.0.0.1	whole		2026-11-22T12:00:00.000Z	116	waiting	c1a270468a0286ba92b0e84c0a050d74504f23d8e913737e16869c1305e95fa1	{"format": "fillz-confirmation", "encoding": "UTF-8", "line_ends": "LF", "packed": "", "notes": [], "file_issues": [], "counts": {"queued": 1}, "codes": {}, "first_issues": [], "remarks": []}	1	1	\N	0	2026-11-22T12:00:00.000Z
20261129-131424-ewjj	1	1	inbox	4.txt	ftp	127.0.0.1	whole		2026-11-22T12:00:00.000Z	117	waiting	291bced2b10a0461ad6e2c105ed4c1d01f608e4dbd3bd4568db92e02278fa5f7	{"format": "fillz-confirmation", "encoding": "UTF-8", "line_ends": "LF", "packed": "", "notes": [], "file_issues": [], "counts": {"queued": 1}, "codes": {}, "first_issues": [], "remarks": []}	1	1	\N	0	2026-11-22T12:00:00.000Z
20261129-131424-npge	1	1	inbox	cut.txt	ftp	127.0.0.1	cut		2026-11-22T12:00:00.000Z	19	cut		{"file_issues": [{"code": "F07", "severity": "held", "column": "", "value": "", "message": "The file looks cut off in transfer.", "remedy": "Drop the whole file again under the same name. If it is complete as it is, ask us to release it."}]}	0	0	\N	0	2026-11-22T12:00:00.000Z
\.


--
-- Data for Name: user_tokens; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.user_tokens (id, user_id, label, token_hash, hint, enabled, created_at, used_at, scopes, expires_at, networks) FROM stdin;
1	1	board	4551df8cf26aaa42e1239cd0f303fe2f7e6a6be305c923e395ba9dc8ce8fb0aa	cwsop_Knom	t	2026-11-22T12:00:00.000Z	\N	read manage	\N	
\.


--
-- Data for Name: users; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.users (id, name, password_hash, role, enabled, totp_secret, totp_last, version, created_at) FROM stdin;
1	olga	h	admin	t		0	1	2026-11-22T12:00:00.000Z
\.


--
-- Data for Name: web_sessions; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.web_sessions (token_hash, user_id, seller_id, version, second_due, csrf, address, created_at, seen_at, agent) FROM stdin;
28b5c636f84137b9ef023c8fa2d1b96be92e77003b950058948ef9cce32f36fc	1	\N	1	f	7A5-LCMrgF9HKmrPrKHjVDcnDBYpITEA	192.0.2.7	2026-11-22T12:00:00.000Z	2026-11-22T12:00:00.000Z	
\.


--
-- Name: accounts_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.accounts_id_seq', 1, true);


--
-- Name: alarms_no_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.alarms_no_seq', 1, true);


--
-- Name: api_tokens_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.api_tokens_id_seq', 1, true);


--
-- Name: audit_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.audit_id_seq', 1, true);


--
-- Name: deeds_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.deeds_id_seq', 1, true);


--
-- Name: feeds_no_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.feeds_no_seq', 3, true);


--
-- Name: hook_calls_no_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.hook_calls_no_seq', 1, true);


--
-- Name: hooks_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.hooks_id_seq', 1, true);


--
-- Name: mails_no_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.mails_no_seq', 1, true);


--
-- Name: order_history_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.order_history_id_seq', 12, true);


--
-- Name: orders_no_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.orders_no_seq', 5, true);


--
-- Name: pulls_no_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.pulls_no_seq', 1, true);


--
-- Name: sellers_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.sellers_id_seq', 1, true);


--
-- Name: user_tokens_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.user_tokens_id_seq', 1, true);


--
-- Name: users_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.users_id_seq', 1, true);


--
-- Name: accounts accounts_merchant_id_marketplace_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_merchant_id_marketplace_id_key UNIQUE (merchant_id, marketplace_id);


--
-- Name: accounts accounts_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);


--
-- Name: alarms alarms_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alarms
    ADD CONSTRAINT alarms_pkey PRIMARY KEY (no);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: api_tokens api_tokens_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);


--
-- Name: api_tokens api_tokens_token_hash_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_token_hash_key UNIQUE (token_hash);


--
-- Name: audit_exports audit_exports_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_exports
    ADD CONSTRAINT audit_exports_pkey PRIMARY KEY (target);


--
-- Name: audit audit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);


--
-- Name: beats beats_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.beats
    ADD CONSTRAINT beats_pkey PRIMARY KEY (who);


--
-- Name: buckets buckets_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.buckets
    ADD CONSTRAINT buckets_pkey PRIMARY KEY (account_id, operation);


--
-- Name: cases cases_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT cases_pkey PRIMARY KEY (about);


--
-- Name: claims claims_pkey1; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.claims
    ADD CONSTRAINT claims_pkey1 PRIMARY KEY (account_id, amazon_order_id, order_item_id, tracking);


--
-- Name: connections connections_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.connections
    ADD CONSTRAINT connections_pkey PRIMARY KEY (id);


--
-- Name: deeds deeds_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deeds
    ADD CONSTRAINT deeds_pkey PRIMARY KEY (id);


--
-- Name: feeds feeds_account_id_amazon_feed_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_account_id_amazon_feed_id_key UNIQUE (account_id, amazon_feed_id);


--
-- Name: feeds feeds_cause_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_cause_key UNIQUE (cause);


--
-- Name: feeds feeds_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_pkey PRIMARY KEY (no);


--
-- Name: guard guard_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.guard
    ADD CONSTRAINT guard_pkey PRIMARY KEY (kind, who);


--
-- Name: handed_in handed_in_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.handed_in
    ADD CONSTRAINT handed_in_pkey PRIMARY KEY (seller_id, key);


--
-- Name: hook_calls hook_calls_hook_id_key_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.hook_calls
    ADD CONSTRAINT hook_calls_hook_id_key_key UNIQUE (hook_id, key);


--
-- Name: hook_calls hook_calls_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.hook_calls
    ADD CONSTRAINT hook_calls_pkey PRIMARY KEY (no);


--
-- Name: hooks hooks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.hooks
    ADD CONSTRAINT hooks_pkey PRIMARY KEY (id);


--
-- Name: lines lines_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.lines
    ADD CONSTRAINT lines_pkey PRIMARY KEY (upload_id, line);


--
-- Name: mail_notes mail_notes_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mail_notes
    ADD CONSTRAINT mail_notes_pkey PRIMARY KEY (key);


--
-- Name: mails mails_key_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mails
    ADD CONSTRAINT mails_key_key UNIQUE (key);


--
-- Name: mails mails_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mails
    ADD CONSTRAINT mails_pkey PRIMARY KEY (no);


--
-- Name: order_history order_history_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_history
    ADD CONSTRAINT order_history_pkey PRIMARY KEY (id);


--
-- Name: order_kept order_kept_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_kept
    ADD CONSTRAINT order_kept_pkey PRIMARY KEY (order_no, order_item_id);


--
-- Name: order_lines order_lines_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_lines
    ADD CONSTRAINT order_lines_pkey PRIMARY KEY (order_no, order_item_id);


--
-- Name: order_people order_people_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_people
    ADD CONSTRAINT order_people_pkey PRIMARY KEY (order_no);


--
-- Name: orders orders_account_id_amazon_order_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_account_id_amazon_order_id_key UNIQUE (account_id, amazon_order_id);


--
-- Name: orders orders_account_id_number_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_account_id_number_key UNIQUE (account_id, number);


--
-- Name: orders orders_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (no);


--
-- Name: profiles profiles_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_pkey PRIMARY KEY (seller_id, name);


--
-- Name: pulls pulls_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pulls
    ADD CONSTRAINT pulls_pkey PRIMARY KEY (no);


--
-- Name: quiet_lines quiet_lines_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.quiet_lines
    ADD CONSTRAINT quiet_lines_pkey PRIMARY KEY (upload_id, line);


--
-- Name: seller_keys seller_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seller_keys
    ADD CONSTRAINT seller_keys_pkey PRIMARY KEY (seller_id, fingerprint);


--
-- Name: sellers sellers_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sellers
    ADD CONSTRAINT sellers_name_key UNIQUE (name);


--
-- Name: sellers sellers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sellers
    ADD CONSTRAINT sellers_pkey PRIMARY KEY (id);


--
-- Name: sightings sightings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sightings
    ADD CONSTRAINT sightings_pkey PRIMARY KEY (account_id, amazon_order_id);


--
-- Name: tallies tallies_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tallies
    ADD CONSTRAINT tallies_pkey PRIMARY KEY (upload_id, verdict, code);


--
-- Name: uploads uploads_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (id);


--
-- Name: user_tokens user_tokens_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_tokens
    ADD CONSTRAINT user_tokens_pkey PRIMARY KEY (id);


--
-- Name: user_tokens user_tokens_token_hash_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_tokens
    ADD CONSTRAINT user_tokens_token_hash_key UNIQUE (token_hash);


--
-- Name: users users_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_name_key UNIQUE (name);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: web_sessions web_sessions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.web_sessions
    ADD CONSTRAINT web_sessions_pkey PRIMARY KEY (token_hash);


--
-- Name: alarms_open; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX alarms_open ON public.alarms USING btree (key) WHERE (recovered_at IS NULL);


--
-- Name: api_tokens_by_seller; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX api_tokens_by_seller ON public.api_tokens USING btree (seller_id);


--
-- Name: audit_by_seller; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_by_seller ON public.audit USING btree (seller, id);


--
-- Name: audit_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_by_time ON public.audit USING btree (at);


--
-- Name: audit_by_upload; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_by_upload ON public.audit USING btree (upload_id) WHERE (upload_id <> ''::text);


--
-- Name: claims_of_upload; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX claims_of_upload ON public.claims USING btree (upload_id);


--
-- Name: deeds_by_about; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deeds_by_about ON public.deeds USING btree (about);


--
-- Name: feeds_by_root; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX feeds_by_root ON public.feeds USING btree (root) WHERE (root IS NOT NULL);


--
-- Name: feeds_by_state; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX feeds_by_state ON public.feeds USING btree (account_id, state);


--
-- Name: feeds_by_submission; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX feeds_by_submission ON public.feeds USING btree (submitted_at);


--
-- Name: handed_in_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX handed_in_by_time ON public.handed_in USING btree (at);


--
-- Name: hook_calls_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX hook_calls_by_time ON public.hook_calls USING btree (created_at);


--
-- Name: hook_calls_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX hook_calls_due ON public.hook_calls USING btree (next_at) WHERE (state = 'queued'::text);


--
-- Name: hooks_by_seller; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX hooks_by_seller ON public.hooks USING btree (seller_id);


--
-- Name: lines_by_order; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lines_by_order ON public.lines USING btree (account_id, amazon_order_id);


--
-- Name: lines_by_tracking; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lines_by_tracking ON public.lines USING btree (tracking) WHERE (tracking <> ''::text);


--
-- Name: lines_in_wait; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lines_in_wait ON public.lines USING btree (account_id, amazon_order_id) WHERE ((verdict = 'held'::text) AND (shipment IS NOT NULL));


--
-- Name: lines_not_good; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lines_not_good ON public.lines USING btree (account_id, upload_id) WHERE (verdict = ANY (ARRAY['unconfirmed'::text, 'unknown'::text]));


--
-- Name: lines_not_good_newest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lines_not_good_newest ON public.lines USING btree (upload_id, line) WHERE (verdict = ANY (ARRAY['unconfirmed'::text, 'unknown'::text]));


--
-- Name: lines_of_feed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lines_of_feed ON public.lines USING btree (feed_no, message_id) WHERE (feed_no IS NOT NULL);


--
-- Name: lines_queued; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lines_queued ON public.lines USING btree (account_id, upload_id, line) WHERE ((verdict = 'queued'::text) AND (feed_no IS NULL));


--
-- Name: lines_replaced; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lines_replaced ON public.lines USING btree (replaced_by) WHERE (replaced_by IS NOT NULL);


--
-- Name: lines_to_cancel; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX lines_to_cancel ON public.lines USING btree (account_id, upload_id) WHERE ((verdict = 'queued'::text) AND (feed_no IS NULL) AND (kind = 'acknowledgement'::text));


--
-- Name: mail_notes_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX mail_notes_by_time ON public.mail_notes USING btree (noted_at);


--
-- Name: mail_notes_untold; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX mail_notes_untold ON public.mail_notes USING btree (topic, noted_at) WHERE (told_at IS NULL);


--
-- Name: mails_by_seller; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX mails_by_seller ON public.mails USING btree (seller_id, kind);


--
-- Name: mails_by_state; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX mails_by_state ON public.mails USING btree (state, next_at);


--
-- Name: mails_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX mails_by_time ON public.mails USING btree (created_at);


--
-- Name: order_history_by_upload; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_history_by_upload ON public.order_history USING btree (upload_id) WHERE (upload_id <> ''::text);


--
-- Name: order_history_of; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_history_of ON public.order_history USING btree (order_no, id);


--
-- Name: orders_by_change; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX orders_by_change ON public.orders USING btree (account_id, changed_at);


--
-- Name: orders_by_deadline; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX orders_by_deadline ON public.orders USING btree (account_id, latest_ship_date) WHERE (latest_ship_date <> ''::text);


--
-- Name: orders_by_reference; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX orders_by_reference ON public.orders USING btree (account_id, reference);


--
-- Name: orders_by_state; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX orders_by_state ON public.orders USING btree (account_id, state, changed_at);


--
-- Name: orders_open_by_deadline; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX orders_open_by_deadline ON public.orders USING btree (latest_ship_date, account_id) WHERE ((latest_ship_date <> ''::text) AND (state <> ALL (ARRAY['shipped'::text, 'cancelled'::text])));


--
-- Name: pulls_by_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX pulls_by_account ON public.pulls USING btree (account_id, no);


--
-- Name: pulls_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX pulls_open ON public.pulls USING btree (next_at) WHERE (done_at IS NULL);


--
-- Name: sightings_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sightings_due ON public.sightings USING btree (rank, look_at) WHERE (look_at IS NOT NULL);


--
-- Name: sightings_missing; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sightings_missing ON public.sightings USING btree (account_id, since) WHERE (state <> 'seen'::text);


--
-- Name: tallies_by_code; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX tallies_by_code ON public.tallies USING btree (code, upload_id);


--
-- Name: uploads_by_content; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX uploads_by_content ON public.uploads USING btree (seller_id, sha256);


--
-- Name: uploads_by_seller; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX uploads_by_seller ON public.uploads USING btree (seller_id, id);


--
-- Name: uploads_by_state; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX uploads_by_state ON public.uploads USING btree (state);


--
-- Name: user_tokens_by_user; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX user_tokens_by_user ON public.user_tokens USING btree (user_id);


--
-- Name: web_sessions_by_time; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX web_sessions_by_time ON public.web_sessions USING btree (seen_at);


--
-- Name: api_tokens api_tokens_seller_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.sellers(id);


--
-- Name: feeds feeds_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);


--
-- Name: handed_in handed_in_seller_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.handed_in
    ADD CONSTRAINT handed_in_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.sellers(id);


--
-- Name: hook_calls hook_calls_hook_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.hook_calls
    ADD CONSTRAINT hook_calls_hook_id_fkey FOREIGN KEY (hook_id) REFERENCES public.hooks(id);


--
-- Name: hooks hooks_seller_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.hooks
    ADD CONSTRAINT hooks_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.sellers(id);


--
-- Name: mails mails_seller_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.mails
    ADD CONSTRAINT mails_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.sellers(id);


--
-- Name: order_history order_history_order_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_history
    ADD CONSTRAINT order_history_order_no_fkey FOREIGN KEY (order_no) REFERENCES public.orders(no);


--
-- Name: order_kept order_kept_order_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_kept
    ADD CONSTRAINT order_kept_order_no_fkey FOREIGN KEY (order_no) REFERENCES public.orders(no);


--
-- Name: order_lines order_lines_order_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_lines
    ADD CONSTRAINT order_lines_order_no_fkey FOREIGN KEY (order_no) REFERENCES public.orders(no);


--
-- Name: order_people order_people_order_no_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.order_people
    ADD CONSTRAINT order_people_order_no_fkey FOREIGN KEY (order_no) REFERENCES public.orders(no);


--
-- Name: orders orders_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);


--
-- Name: profiles profiles_seller_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.profiles
    ADD CONSTRAINT profiles_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.sellers(id);


--
-- Name: pulls pulls_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.pulls
    ADD CONSTRAINT pulls_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);


--
-- Name: seller_keys seller_keys_seller_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.seller_keys
    ADD CONSTRAINT seller_keys_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.sellers(id);


--
-- Name: sellers sellers_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sellers
    ADD CONSTRAINT sellers_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);


--
-- Name: uploads uploads_account_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.accounts(id);


--
-- Name: uploads uploads_seller_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT uploads_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.sellers(id);


--
-- Name: user_tokens user_tokens_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.user_tokens
    ADD CONSTRAINT user_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- Name: web_sessions web_sessions_seller_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.web_sessions
    ADD CONSTRAINT web_sessions_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES public.sellers(id);


--
-- Name: web_sessions web_sessions_user_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.web_sessions
    ADD CONSTRAINT web_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);


--
-- PostgreSQL database dump complete
--


